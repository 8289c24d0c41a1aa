// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/mutex.h"
#include "base/steady_text.h"
#include "credentials/credential_source.h"
#include "credentials/profile/credentials_file_writer.h"

namespace credmint {

/// Keeps a profile of the shared credentials file fresh: a Refresher in front of the source, and
/// whatever it brings is written (WriteCredentials()). What cannot be written is tried again with
/// growing spacing, without another call of the source.
class ProfileKeeper {
 public:
  /// `report` is told of failures, each once until something has succeeded or another one comes;
  /// from any thread, one at a time. `written` is told of each write that succeeded, by Run().
  /// The source must outlive the keeper.
  ProfileKeeper(
      CredentialSource& source, CredentialsFile file, std::function<void(const Error&)> report,
      std::function<void()> written = [] {})
      : source_(source),
        file_(std::move(file)),
        report_(std::move(report)),
        written_(std::move(written)) {}

  /// Until Stop() is called, after the call of the source that runs then; once. Fails, and reports
  /// nothing, if the very first call of the source fails in a way that no waiting mends: kUsage,
  /// kMalformed, kPinRequired, kContextPinRequired.
  Result<void> Run();

  /// From any thread, at any time.
  void Stop();
  /// Has the source asked now, even after a refused PIN, and a failed write tried again.
  void Reload();

 private:
  void Take(const Credentials& credentials);
  void TakeFailure(const Error& error);
  void Write() CREDMINT_REQUIRES(mutex_);
  /// Without the mutex meanwhile.
  Result<void> WriteToFile(const Credentials& credentials) CREDMINT_REQUIRES(mutex_);
  void Report(const Error& error) CREDMINT_REQUIRES(mutex_);
  void Wait() CREDMINT_REQUIRES(mutex_);

  CredentialSource& source_;
  const CredentialsFile file_;
  const std::function<void(const Error&)> report_;
  const std::function<void()> written_;

  Mutex mutex_;
  std::condition_variable_any changed_;
  bool stopping_ CREDMINT_GUARDED_BY(mutex_) = false;
  bool reloading_ CREDMINT_GUARDED_BY(mutex_) = false;
  bool had_credentials_ CREDMINT_GUARDED_BY(mutex_) = false;
  std::optional<Error> hopeless_ CREDMINT_GUARDED_BY(mutex_);
  std::optional<Credentials> unwritten_ CREDMINT_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point write_at_ CREDMINT_GUARDED_BY(mutex_);
  int write_failures_ CREDMINT_GUARDED_BY(mutex_) = 0;
  /// While nothing has succeeded since.
  ReportedFailure reported_ CREDMINT_GUARDED_BY(mutex_);
};

}  // namespace credmint
