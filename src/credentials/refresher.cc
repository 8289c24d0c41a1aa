// SPDX-License-Identifier: Apache-2.0
#include "credentials/refresher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/idle_memory.h"
#include "base/random_fraction.h"
#include "base/timestamp.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The clock may be corrected and the machine may sleep during a wait, so it is checked this often.
constexpr std::chrono::seconds kLongestWait{30};

RefresherEnvironment Complete(RefresherEnvironment environment) {
  if (!environment.random) environment.random = RandomFraction;
  if (!environment.wait) {
    environment.wait = [](std::condition_variable_any& condition, Mutex& mutex, milliseconds time) {
      condition.wait_for(mutex, time);
    };
  }
  return environment;
}

/// Rejects expired credentials, whatever their source.
Result<Credentials> RefuseExpired(Result<Credentials> credentials, TimePoint now) {
  if (!credentials || credentials->expiration > now) return credentials;
  return Fail(ErrorCode::kServiceAnswer,
              fmt::format("the new credentials expired at {}, and it is {}",
                          FormatTimestamp(credentials->expiration), FormatTimestamp(now)),
              "check this machine's clock");
}

}  // namespace

Refresher::Refresher(CredentialSource& source, RefresherObserver observer,
                     RefresherEnvironment environment, std::optional<Credentials> earlier)
    : source_(source),
      observer_(std::move(observer)),
      environment_(Complete(std::move(environment))),
      plan_(environment_.stopwatch()),
      credentials_(earlier ? std::make_shared<const Credentials>(*std::move(earlier)) : nullptr),
      thread_([this] { Run(); }) {}

Refresher::~Refresher() {
  Stop();
  thread_.join();
}

void Refresher::Stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

Result<Credentials> Refresher::Get() {
  const MutexLock lock(mutex_);
  while (true) {
    if (const auto answer = Answer()) {
      if (!*answer) return Fail(*answer);
      return (**answer)->Clone();
    }
    wake_.notify_all();
    answered_.wait(mutex_);
  }
}

std::optional<Result<SharedCredentials>> Refresher::TryGet() {
  const MutexLock lock(mutex_);
  auto answer = Answer();
  if (!answer) wake_.notify_all();
  return answer;
}

RefresherState Refresher::State() {
  const MutexLock lock(mutex_);
  RefresherState state{calls_, failures_, {}, HasValid(), {}, milliseconds(0)};
  if (credentials_) state.expiration = credentials_->expiration;
  if (failure_) state.failure = failure_->code;
  if (calling_) {
    state.calling = std::chrono::duration_cast<milliseconds>(environment_.stopwatch() - began_);
  }
  return state;
}

void Refresher::Reload() {
  const MutexLock lock(mutex_);
  plan_.Want();
  failure_.reset();
  wake_.notify_all();
}

void Refresher::Run() {
  const MutexLock lock(mutex_);
  while (!stopping_) {
    const milliseconds time = UntilNext();
    if (time > milliseconds(0)) {
      environment_.wait(wake_, mutex_, time);
    } else {
      Refresh();
    }
  }
}

void Refresher::Refresh() {
  began_ = environment_.stopwatch();
  plan_.Begin(began_);
  calling_ = true;
  const Result<Credentials> result = AskSource();
  calling_ = false;
  ++calls_;
  if (!result) ++failures_[result.error().code];
  if (result) {
    Keep(result->Clone());
  } else {
    Remember(result.error());
  }
  answered_.notify_all();
  Tell(result);
}

Result<Credentials> Refresher::AskSource() {
  const MutexUnlock unlocked(mutex_);
  Result<Credentials> credentials = source_.Get();  // before the clock is read
  return RefuseExpired(std::move(credentials), environment_.clock());
}

void Refresher::Tell(const Result<Credentials>& result) {
  if (stopping_) return;  // the call may have been cut off
  const MutexUnlock unlocked(mutex_);
  if (result && observer_.renewed) observer_.renewed(*result);
  if (!result && observer_.failed) observer_.failed(result.error());
  ReleaseIdleMemory();
}

void Refresher::Keep(Credentials credentials) {
  plan_.Succeed(credentials.expiration, Now(), environment_.random());
  failure_.reset();
  credentials_ = std::make_shared<const Credentials>(std::move(credentials));
}

void Refresher::Remember(const Error& error) {
  std::optional<TimePoint> expiration;
  if (credentials_) expiration = credentials_->expiration;
  plan_.Fail(error, expiration, Now(), environment_.random());
  if (!plan_.is_wanted()) failure_ = error;  // else it predates Reload()
}

bool Refresher::HasValid() const {
  return credentials_ && environment_.clock() < credentials_->expiration;
}

std::optional<Result<SharedCredentials>> Refresher::Answer() const {
  if (HasValid()) return credentials_;
  if (failure_) return Fail(*failure_);
  return std::nullopt;
}

milliseconds Refresher::UntilNext() const {
  return std::min<milliseconds>(plan_.UntilNext(Now()).value_or(kLongestWait), kLongestWait);
}

RefreshPlan::Moment Refresher::Now() const {
  return {environment_.clock(), environment_.stopwatch()};
}

}  // namespace credmint
