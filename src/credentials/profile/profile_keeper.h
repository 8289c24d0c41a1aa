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

/// Keeps a profile of the shared credentials file fresh. A Refresher asks the source, and all new
/// credentials are written with WriteCredentials(). A failed write is retried at growing intervals,
/// without another call of the source.
class ProfileKeeper {
 public:
  /// `report` is called for failures, one call at a time, from any thread. A repeated failure is
  /// reported once, until a success or another failure. Run() calls `written` after each successful
  /// write. The source must outlive the keeper.
  ProfileKeeper(
      CredentialSource& source, CredentialsFile file, std::function<void(const Error&)> report,
      std::function<void()> written = [] {})
      : source_(source),
        file_(std::move(file)),
        report_(std::move(report)),
        written_(std::move(written)) {}

  /// Runs until Stop() is called and a running call of the source has ended. Call it once.
  ///
  /// Fails without reporting if the first call of the source fails in a way that waiting cannot
  /// fix: kUsage, kMalformed, kPinRequired or kContextPinRequired.
  Result<void> Run();

  /// Safe to call from any thread, at any time.
  void Stop();
  /// Asks the source now, even after a refused PIN, and retries a failed write.
  void Reload();

 private:
  void Take(const Credentials& credentials);
  void TakeFailure(const Error& error);
  void Write() CREDMINT_REQUIRES(mutex_);
  /// Releases the mutex while it writes.
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
  /// The failure reported since the last success.
  ReportedFailure reported_ CREDMINT_GUARDED_BY(mutex_);
};

}  // namespace credmint
