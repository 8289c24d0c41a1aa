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
#include "credentials/refresh_plan.h"

namespace credmint {

/// Callbacks for the outcome of each call. They run on the refresher's thread, after Get() has the
/// outcome and before the next call. They may call Reload(), but not Get(), which may wait. Either
/// may be null.
struct RefresherObserver {
  std::function<void(const Credentials&)> renewed;
  std::function<void(const Error&)> failed;
};

/// The clock, random numbers and waits that a refresher uses. Tests replace them.
struct RefresherEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<double()> random;  ///< in [0, 1); default: random

  /// Releases the mutex until the condition is notified or the time has passed, then locks it
  /// again. May return early. Default: wait_for().
  std::function<void(std::condition_variable_any&, Mutex&, std::chrono::milliseconds)> wait;
};

/// A refresher's history and current state.
struct RefresherState {
  std::uint64_t calls = 0;                      ///< completed calls
  std::map<ErrorCode, std::uint64_t> failures;  ///< failed calls by kind
  std::optional<TimePoint> expiration;          ///< of the latest credentials
  bool has_valid = false;                       ///< the latest credentials have not expired
  std::optional<ErrorCode> failure;             ///< of the last call
  std::chrono::milliseconds calling{0};         ///< how long the current call has been running
};

/// Keeps credentials fresh in the background, so that requests are answered from memory.
///
/// The refresher's own thread asks the source, one call at a time, as its RefreshPlan schedules;
/// the first call begins at once. After a failure the last good credentials are given out until
/// they expire. The source is then asked again at growing intervals, never more than once a second.
/// They grow to hours while nobody needs the call: the service fails, and the credentials last. A
/// refused or missing PIN is not retried before Reload(). Idle memory is released to the system
/// after each call.
///
/// The refresher does all the retrying, so its SessionMinter must have `max_attempts` 1.
///
/// All members may be called from any thread. The destructor waits for a running call of the
/// source. No thread may be in Get() at that time.
class Refresher : public CredentialSource {
 public:
  /// `source` must outlive the refresher and is called only on its thread. `earlier` credentials
  /// are given out until the source has answered, as they are after a failed call.
  explicit Refresher(CredentialSource& source, RefresherObserver observer = {},
                     RefresherEnvironment environment = {},
                     std::optional<Credentials> earlier = std::nullopt);
  ~Refresher() override;

  /// Begins the end: from now on no call is made, and none is reported.
  void Stop();

  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

  /// Returns credentials that have not expired, or else the last call's failure, without another
  /// call. If there is neither, waits for the next call to end. That happens before the first call,
  /// after a Reload() without valid credentials, and if the machine slept past their expiration.
  Result<Credentials> Get() override;

  /// Returns nothing if Get() would wait; the observer is then called when the call ends.
  std::optional<Result<SharedCredentials>> TryGet() override;

  [[nodiscard]] RefresherState State();

  /// Forgets the failure, even a refused PIN, and asks the source again. The call begins at once or
  /// after the running one, but at least one second after the last one began. Does not wait for the
  /// answer. Existing credentials are given out until it arrives.
  void Reload();

 private:
  void Run();
  void Refresh() CREDMINT_REQUIRES(mutex_);
  /// Releases the mutex during the call, as does the next function.
  Result<Credentials> AskSource() CREDMINT_REQUIRES(mutex_);
  void Tell(const Result<Credentials>& result) CREDMINT_REQUIRES(mutex_);
  void Keep(Credentials credentials) CREDMINT_REQUIRES(mutex_);
  void Remember(const Error& error) CREDMINT_REQUIRES(mutex_);
  [[nodiscard]] bool HasValid() const CREDMINT_REQUIRES(mutex_);
  /// Returns the current answer, if any. Reads the clock only once, because it moves: an earlier
  /// check may no longer hold.
  [[nodiscard]] std::optional<Result<SharedCredentials>> Answer() const CREDMINT_REQUIRES(mutex_);
  [[nodiscard]] std::chrono::milliseconds UntilNext() const CREDMINT_REQUIRES(mutex_);
  [[nodiscard]] RefreshPlan::Moment Now() const;

  CredentialSource& source_;
  const RefresherObserver observer_;
  RefresherEnvironment environment_;

  Mutex mutex_;
  std::condition_variable_any wake_;      // wakes the thread: something has changed
  std::condition_variable_any answered_;  // wakes Get(): a call has ended
  bool stopping_ CREDMINT_GUARDED_BY(mutex_) = false;
  RefreshPlan plan_ CREDMINT_GUARDED_BY(mutex_);
  SharedCredentials credentials_ CREDMINT_GUARDED_BY(mutex_);
  std::optional<Error> failure_ CREDMINT_GUARDED_BY(mutex_);                 // of the last call
  std::chrono::steady_clock::time_point began_ CREDMINT_GUARDED_BY(mutex_);  // the running call
  bool calling_ CREDMINT_GUARDED_BY(mutex_) = false;
  std::uint64_t calls_ CREDMINT_GUARDED_BY(mutex_) = 0;
  std::map<ErrorCode, std::uint64_t> failures_ CREDMINT_GUARDED_BY(mutex_);

  std::thread thread_;  // last, because it uses the other members
};

}  // namespace credmint
