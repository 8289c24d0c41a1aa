// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "credentials/credential_source.h"

namespace credmint {

/// Who hears of each call's outcome, from the refresher's thread, after Get() does and before
/// the next call. They may call Reload(), but not Get(), which may wait. Null: nobody.
struct RefresherObserver {
  std::function<void(const Credentials&)> renewed;
  std::function<void(const Error&)> failed;
};

/// What a refresher has from its surroundings. Tests replace it.
struct RefresherEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<double()> random;  ///< from [0, 1); default: random

  /// Releases the mutex and takes it again when the condition is notified or the time has passed;
  /// may return sooner. Default: wait_for().
  std::function<void(std::condition_variable_any&, Mutex&, std::chrono::milliseconds)> wait;
};

/// What a refresher has done so far, and how it stands.
struct RefresherState {
  std::uint64_t calls = 0;                      ///< that have ended
  std::map<ErrorCode, std::uint64_t> failures;  ///< those of them that failed, each kind
  std::optional<TimePoint> expiration;          ///< of the last credentials
  bool has_valid = false;                       ///< they have not expired
  std::optional<ErrorCode> failure;             ///< of the last call
  std::chrono::milliseconds calling{0};         ///< for how long a call has been running
};

/// Keeps credentials fresh in the background, so that whoever asks is answered from memory.
///
/// A thread of its own asks the source, one call at a time, when RefreshLead (refresh_schedule.h)
/// says so; the first call begins at once. After a failure the last good credentials are given out
/// until they expire, and the source is asked again with growing spacing, never more often than
/// once a second. A refused or missing PIN is not tried again before Reload(). After each call,
/// idle memory is given back to the system.
///
/// The refresher does the retrying: a SessionMinter is given to it with `max_attempts` 1.
///
/// All members may be called from any thread. The destructor waits for a call of the source that
/// runs; nobody may be waiting in Get() then.
class Refresher : public CredentialSource {
 public:
  /// The source must outlive the refresher, and is only called by its thread. `earlier` credentials
  /// are given out until it has answered, as they are after a failed call.
  explicit Refresher(CredentialSource& source, RefresherObserver observer = {},
                     RefresherEnvironment environment = {},
                     std::optional<Credentials> earlier = std::nullopt);
  ~Refresher() override;
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

  /// Credentials that have not expired; else the last call's failure, without another call. Waits
  /// only where there is neither: for the first call, for the one after a Reload() without valid
  /// credentials, and when the machine has slept past their end.
  Result<Credentials> Get() override;

  /// Where Get() would wait, the observer hears of the call's end afterwards.
  std::optional<Result<Credentials>> TryGet() override;

  [[nodiscard]] RefresherState State();

  /// Forgets the failure, a refused PIN too, and asks the source again: at once, or after the call
  /// that runs, a second after the last one began at the earliest. Does not wait for the answer;
  /// what is there is given out until it comes.
  void Reload();

 private:
  void Run();
  void Refresh() CREDMINT_REQUIRES(mutex_);
  /// Without the mutex meanwhile, as the next one.
  Result<Credentials> AskSource() CREDMINT_REQUIRES(mutex_);
  void Tell(const Result<Credentials>& result) CREDMINT_REQUIRES(mutex_);
  void Keep(Credentials credentials) CREDMINT_REQUIRES(mutex_);
  void Remember(const Error& error) CREDMINT_REQUIRES(mutex_);
  [[nodiscard]] bool HasValid() const CREDMINT_REQUIRES(mutex_);
  /// What there is to say, by one look at the clock, which moves: what it said a moment ago counts
  /// no more.
  [[nodiscard]] std::optional<Result<Credentials>> Answer() const CREDMINT_REQUIRES(mutex_);
  [[nodiscard]] std::chrono::milliseconds UntilNext() const CREDMINT_REQUIRES(mutex_);

  CredentialSource& source_;
  const RefresherObserver observer_;
  RefresherEnvironment environment_;

  Mutex mutex_;
  std::condition_variable_any wake_;      // the thread: something has changed
  std::condition_variable_any answered_;  // Get(): a call has ended
  bool stopping_ CREDMINT_GUARDED_BY(mutex_) = false;
  /// By the constructor or Reload(), whatever the schedule says.
  bool wanted_ CREDMINT_GUARDED_BY(mutex_) = true;
  std::optional<Credentials> credentials_ CREDMINT_GUARDED_BY(mutex_);
  std::optional<Error> failure_ CREDMINT_GUARDED_BY(mutex_);  // of the last call, if it failed
  int failures_in_a_row_ CREDMINT_GUARDED_BY(mutex_) = 0;
  int short_in_a_row_ CREDMINT_GUARDED_BY(mutex_) = 0;
  TimePoint refresh_at_ CREDMINT_GUARDED_BY(mutex_);  // by the date: credentials expire by it
  /// Whatever else is due.
  std::chrono::steady_clock::time_point not_before_ CREDMINT_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point last_began_ CREDMINT_GUARDED_BY(mutex_);
  bool calling_ CREDMINT_GUARDED_BY(mutex_) = false;
  std::uint64_t calls_ CREDMINT_GUARDED_BY(mutex_) = 0;
  std::map<ErrorCode, std::uint64_t> failures_ CREDMINT_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses everything above
};

}  // namespace credmint
