// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/profile_keeper.h"

#include <utility>

#include "base/random_fraction.h"
#include "credentials/refresh_schedule.h"
#include "credentials/refresher.h"

namespace credmint {
namespace {

using std::chrono::steady_clock;

/// Whether only another command line or another file could help.
bool IsHopeless(ErrorCode code) {
  return code == ErrorCode::kUsage || code == ErrorCode::kMalformed ||
         code == ErrorCode::kPinRequired || code == ErrorCode::kContextPinRequired;
}

}  // namespace

Result<void> ProfileKeeper::Run() {
  Refresher refresher(source_, {[this](const Credentials& credentials) { Take(credentials); },
                                [this](const Error& error) { TakeFailure(error); }});
  const MutexLock lock(mutex_);  // released before the refresher, whose destructor waits for Take()
  while (!stopping_ && !hopeless_) {
    if (std::exchange(reloading_, false)) {
      refresher.Reload();
    } else if (unwritten_ && steady_clock::now() >= write_at_) {
      Write();
    } else {
      Wait();
    }
  }
  if (hopeless_ && !stopping_) return Fail(*hopeless_);
  return {};
}

void ProfileKeeper::Stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void ProfileKeeper::Reload() {
  const MutexLock lock(mutex_);
  reloading_ = true;
  write_at_ = {};
  changed_.notify_all();
}

void ProfileKeeper::Take(const Credentials& credentials) {
  const MutexLock lock(mutex_);
  had_credentials_ = true;
  unwritten_ = credentials.Clone();
  write_at_ = {};
  changed_.notify_all();
}

void ProfileKeeper::TakeFailure(const Error& error) {
  const MutexLock lock(mutex_);
  if (stopping_) return;  // the call may have been cut off
  if (had_credentials_ || reported_.has_value() || !IsHopeless(error.code)) return Report(error);
  hopeless_ = error;
  changed_.notify_all();
}

void ProfileKeeper::Write() {
  Credentials credentials = *std::exchange(unwritten_, std::nullopt);
  const auto written = WriteToFile(credentials);
  if (written) {
    write_failures_ = 0;
    reported_.Clear();
    return;
  }
  Report(written.error());
  if (unwritten_) return;  // newer credentials have arrived
  unwritten_ = std::move(credentials);
  write_at_ = steady_clock::now() +
              SpacingAfterFailure(written.error(), ++write_failures_, RandomFraction());
}

Result<void> ProfileKeeper::WriteToFile(const Credentials& credentials) {
  const MutexUnlock unlocked(mutex_);
  auto written = WriteCredentials(file_, credentials);
  if (written) written_();
  return written;
}

void ProfileKeeper::Report(const Error& error) {
  if (reported_.Replace(error)) report_(error);
}

void ProfileKeeper::Wait() {
  if (unwritten_) {
    changed_.wait_until(mutex_, write_at_);
  } else {
    changed_.wait(mutex_);
  }
}

}  // namespace credmint
