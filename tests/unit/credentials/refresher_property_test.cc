// SPDX-License-Identifier: Apache-2.0
// Random time, failures and reloads: what refresher.h and refresh_schedule.h promise holds.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "credentials/refresher.h"
#include "unit/credentials/refresher_world.h"
#include "unit/random_steps.h"

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// When the next call may begin, and when it must have begun.
struct CallWindow {
  milliseconds earliest{0};                  ///< by the stopwatch
  milliseconds latest{0};                    ///< by the stopwatch
  TimePoint date = TimePoint::min();         ///< neither may nor must before this
  TimePoint latest_date = TimePoint::min();  ///< must not before this
};

/// The promises about a refresher, as a list of rules. Shares no code with it.
struct RefresherModel {
  std::optional<CallWindow> next = CallWindow();            ///< nothing: not before a reload
  std::optional<std::pair<std::string, TimePoint>> newest;  ///< ID and expiration
  std::optional<ErrorCode> failure;
  std::map<ErrorCode, std::uint64_t> failures;
  std::uint64_t calls = 0;
  milliseconds began{-1'000};
  bool calling = false;
  bool reloaded_meanwhile = false;
  bool somebody_waits = true;  ///< for the first call, or the one after a reload, to succeed
  int failures_in_a_row = 0;

  void Begin(milliseconds now) {
    began = now;
    calling = true;
  }

  void Succeed(const std::string& id, TimePoint expiration, TimePoint date, milliseconds now) {
    End();
    newest = {id, expiration};
    failure.reset();
    failures_in_a_row = 0;
    const auto lifetime = std::chrono::duration_cast<milliseconds>(expiration - date);
    const milliseconds half = lifetime / 2;
    const milliseconds lead = lifetime >= minutes(90)
                                  ? std::max<milliseconds>(half, hours(1))
                                  : std::clamp<milliseconds>(half, minutes(5), minutes(25));
    somebody_waits = reloaded_meanwhile;
    const bool is_short = half < minutes(5);
    next = {After(now, is_short ? std::min<milliseconds>(seconds(15), half) : seconds(1)),
            After(now, is_short ? std::min<milliseconds>(minutes(5), half) : seconds(1)),
            expiration - lead * 5 / 4, expiration - lead};
    if (std::exchange(reloaded_meanwhile, false)) CallSoon();
  }

  void Fail(ErrorCode code, milliseconds retry_after, TimePoint date, milliseconds now) {
    End();
    ++failures[code];
    if (std::exchange(reloaded_meanwhile, false)) return CallSoon();
    failure = code;
    ++failures_in_a_row;
    next = WindowAfter(code, retry_after, now);
    if (next && MayBePatient(code)) {
      next->latest_date = std::max(date, newest->second - minutes(30));
    }
  }

  void Reload() {
    failure.reset();
    failures_in_a_row = 0;
    somebody_waits = true;
    reloaded_meanwhile = calling;
    if (!calling) CallSoon();
  }

  /// "ID", "failure CODE", or "nothing yet".
  [[nodiscard]] std::string Answer(TimePoint date) const {
    if (newest && date < newest->second) return newest->first;
    return failure ? fmt::format("failure {}", static_cast<int>(*failure)) : "nothing yet";
  }

  [[nodiscard]] bool MayCall(milliseconds now, TimePoint date) const {
    return next && now >= next->earliest && date >= next->date && now - began >= seconds(1);
  }
  [[nodiscard]] bool MustHaveCalled(milliseconds now, TimePoint date) const {
    return next && now >= next->latest && date >= std::max(next->date, next->latest_date);
  }

 private:
  static milliseconds After(milliseconds now, milliseconds spacing) {
    return now + std::max<milliseconds>(spacing, seconds(1));
  }

  void End() {
    calling = false;
    ++calls;
  }
  void CallSoon() { next = {began + seconds(1), began + seconds(1)}; }

  [[nodiscard]] bool MayBePatient(ErrorCode code) const {
    using enum ErrorCode;
    if (somebody_waits || !newest) return false;
    return code == kServiceBusy ||
           (failures_in_a_row > 2 && (code == kNetwork || code == kTimeout || code == kTls ||
                                      code == kServiceRefused || code == kServiceAnswer));
  }

  [[nodiscard]] std::optional<CallWindow> WindowAfter(ErrorCode code, milliseconds retry_after,
                                                      milliseconds now) const {
    using enum ErrorCode;
    switch (code) {
      case kPinIncorrect:
      case kPinLocked:
      case kPinRequired:
      case kContextPinRequired:
        return std::nullopt;
      case kLockedOut: {
        const auto at = After(now, retry_after > seconds(0) ? retry_after : minutes(10));
        return CallWindow{at, at};
      }
      default:
        break;
    }
    const bool is_of_device = code == kDevice || code == kDeviceLost || code == kModule ||
                              code == kKeyNotFound || code == kTokenAbsent || code == kModuleFailed;
    const milliseconds longest = is_of_device ? seconds(5) : seconds(60);
    const milliseconds first = code == kServiceBusy ? seconds(4) : seconds(1);
    const milliseconds most = std::min(first * (1 << std::min(failures_in_a_row - 1, 10)), longest);
    const milliseconds asked = std::min<milliseconds>(retry_after, minutes(5));
    return CallWindow{After(now, std::max(most / 2, asked)), After(now, std::max(most, asked))};
  }
};

/// A refresher in a world of random events, beside the model. The source chooses its answers on
/// the refresher's thread while the test waits for it, so a seed always makes the same choices.
class RefresherRound {
 public:
  explicit RefresherRound(test::RandomSteps& steps) : steps_(steps) {
    world_.Then([this] { return TakeCall(); });
    RefresherEnvironment environment = world_.Environment();
    environment.random = [this] { return steps_.Below(1'000) / 1'000.0; };
    const RefresherObserver observer{
        [this](const Credentials& credentials) { told_.push_back(credentials.access_key_id); },
        [this](const Error& error) { told_.push_back(TextOf(error)); }};
    std::optional<Credentials> earlier;
    if (steps_.OneIn(2)) earlier = Make("earlier", minutes(steps_.Below(60)));
    if (earlier) model_.newest = {"earlier", earlier->expiration};
    refresher_ =
        std::make_unique<Refresher>(world_, observer, std::move(environment), std::move(earlier));
    Check();
  }

  void Step() {
    switch (steps_.Below(8)) {
      case 0:
        Note("reload");
        model_.Reload();
        refresher_->Reload();
        break;
      case 1:
        MoveDate();
        break;
      default:
        Advance(NextMoment());
    }
    Check();
  }

 private:
  static std::string TextOf(const Error& error) {
    return fmt::format("failure {}", static_cast<int>(error.code));
  }

  Credentials Make(const std::string& id, milliseconds lifetime) {
    return {id, Secret("secret"), Secret("token"), world_.Date() + lifetime, ""};
  }

  void Note(const std::string& step) {
    steps_.Note(
        fmt::format("{:>10.3f} s: {}", static_cast<double>(world_.Elapsed().count()) / 1e3, step));
  }

  /// A random length, or one that ends at or just before a moment that matters.
  milliseconds NextMoment() {
    const milliseconds before(steps_.Below(2));
    if (model_.next && steps_.OneIn(3)) return model_.next->earliest - world_.Elapsed() - before;
    if (model_.next && steps_.OneIn(3)) return model_.next->latest - world_.Elapsed() - before;
    const auto until = [&](TimePoint date) {
      return std::chrono::duration_cast<milliseconds>(date - world_.Date()) - before;
    };
    if (model_.next && model_.next->date > world_.Date() && steps_.OneIn(2)) {
      return until(model_.next->date);
    }
    if (model_.next && model_.next->latest_date > world_.Date() && steps_.OneIn(2)) {
      return until(model_.next->latest_date);
    }
    if (model_.newest && steps_.OneIn(3)) return until(model_.newest->second);
    return milliseconds(1 + steps_.Below(steps_.Pick(std::array{1'000, 60'000, 4'000'000})));
  }

  void Advance(milliseconds time) {
    if (time < milliseconds(0)) return;
    Note(fmt::format("{} ms pass", time.count()));
    world_.Advance(time);
  }

  void MoveDate() {
    const seconds by(steps_.Below(7'200) - 3'600);
    Note(fmt::format("the date moves by {} s", by.count()));
    world_.MoveDate(by);
  }

  /// The source, on the refresher's thread.
  Result<Credentials> TakeCall() {
    EXPECT_TRUE(model_.MayCall(world_.Elapsed(), world_.Date())) << "a call too early";
    model_.Begin(world_.Elapsed());
    if (model_.calls > 0) BeDisturbed();
    const milliseconds now = world_.Elapsed();
    if (steps_.OneIn(2)) {
      const std::string id = fmt::format("AK{}", model_.calls);
      constexpr std::array kLifetimes = {-1, 1'000, 60'000, 1'200'000, 6'000'000, 43'200'000};
      Credentials made =
          Make(id, milliseconds(steps_.Below(2) * steps_.Pick(kLifetimes) + steps_.Below(60'000)));
      Note(fmt::format("call: {} until {} s from now", id,
                       std::chrono::duration<double>(made.expiration - world_.Date()).count()));
      if (made.expiration > world_.Date()) {
        model_.Succeed(id, made.expiration, world_.Date(), now);
        expected_.push_back(id);
      } else {
        Fail(Error{ErrorCode::kServiceAnswer, "expired"}, now);
      }
      return made;
    }
    constexpr std::array kDelays = {0, 0, 100, 2'000, 90'000, 900'000};
    const auto code = static_cast<ErrorCode>(1 + steps_.Below(static_cast<int>(kLastErrorCode)));
    const Error error{code, "no answer", "", milliseconds(steps_.Pick(kDelays))};
    Note(fmt::format("call: {}, again after {} ms", TextOf(error), error.retry_after.count()));
    Fail(error, now);
    return tl::unexpected(error);
  }

  void Fail(const Error& error, milliseconds now) {
    model_.Fail(error.code, error.retry_after, world_.Date(), now);
    expected_.push_back(TextOf(error));
  }

  /// Time, corrections and reloads during a call. Answers come from memory meanwhile.
  void BeDisturbed() {
    if (steps_.OneIn(3)) world_.Pass(milliseconds(steps_.Below(90'000)));
    if (steps_.OneIn(4)) MoveDate();
    if (steps_.OneIn(4)) {
      Note("reload during a call");
      model_.Reload();
      refresher_->Reload();
    }
    CheckAnswer();
  }

  void CheckAnswer() {
    const auto answer = refresher_->TryGet();
    EXPECT_EQ(!answer   ? "nothing yet"
              : *answer ? (**answer)->access_key_id
                        : TextOf(answer->error()),
              model_.Answer(world_.Date()));
  }

  void Check() {
    world_.Advance(milliseconds(0));  // the refresher has seen everything
    EXPECT_FALSE(model_.MustHaveCalled(world_.Elapsed(), world_.Date())) << "a call is overdue";
    CheckAnswer();
    EXPECT_EQ(told_, expected_);
    const RefresherState state = refresher_->State();
    EXPECT_EQ(state.calls, model_.calls);
    EXPECT_EQ(state.failures, model_.failures);
    EXPECT_EQ(state.failure, model_.failure);
    EXPECT_EQ(state.expiration,
              model_.newest ? std::optional(model_.newest->second) : std::nullopt);
    EXPECT_EQ(state.has_valid, model_.newest && world_.Date() < model_.newest->second);
    EXPECT_LE(world_.LongestWait(), seconds(30));
  }

  test::RandomSteps& steps_;
  RefresherModel model_;
  std::vector<std::string> told_;
  std::vector<std::string> expected_;
  RefresherWorld world_;
  std::unique_ptr<Refresher> refresher_;
};

TEST(RefresherPropertyTest, KeepsItsPromisesWhateverHappens) {
  test::RunRounds(100, [](test::RandomSteps& steps) {
    RefresherRound round(steps);
    for (int n = 0; n < 60 && !testing::Test::HasFailure(); ++n) round.Step();
  });
}

/// Clocks that advance by up to `step` at each reading, and a source with short-lived credentials.
/// If `may_fail` is set, some calls to the source fail.
class RestlessWorld : public CredentialSource {
 public:
  RestlessWorld(unsigned seed, bool may_fail, milliseconds step)
      : random_(seed), may_fail_(may_fail), step_(step) {}

  RefresherEnvironment Environment() {
    RefresherEnvironment environment;
    environment.clock = [this] { return kBegin + Tick(); };
    environment.stopwatch = [this] {
      return std::chrono::steady_clock::time_point(Tick() * 1'000);
    };
    environment.random = [] { return 0.0; };
    environment.wait = [](std::condition_variable_any& condition, Mutex& mutex, milliseconds) {
      condition.wait_for(mutex, milliseconds(1));
    };
    return environment;
  }

  Result<Credentials> Get() override {
    if (may_fail_ && Random(3) == 0) return Fail(ErrorCode::kNetwork, "no answer");
    const TimePoint now = Date();
    return Credentials{"A", Secret("secret"), Secret("token"),
                       now + milliseconds(1 + Random(8) * static_cast<int>(step_.count())), ""};
  }

  TimePoint Date() {
    const std::lock_guard guard(mutex_);
    return kBegin + elapsed_;
  }

 private:
  milliseconds Tick() {
    const int more = Random(static_cast<int>(step_.count()) + 1);
    const std::lock_guard guard(mutex_);
    return elapsed_ += milliseconds(more);
  }
  int Random(int end) {
    const std::lock_guard guard(mutex_);
    return std::uniform_int_distribution<int>(0, end - 1)(random_);
  }

  std::mutex mutex_;
  std::mt19937 random_;
  const bool may_fail_;
  const milliseconds step_;
  milliseconds elapsed_{0};
};

TEST(RefresherPropertyTest, ReadsNoFailureThatIsNotThereAtTheInstantOfExpiry) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    const bool may_fail = seed % 4 == 0;
    RestlessWorld world(seed, may_fail, milliseconds(1 + seed % 3));
    Refresher refresher(world, {}, world.Environment());
    int nothing = 0;
    for (int n = 0; n < 500; ++n) {
      const TimePoint before = world.Date();
      const auto at_once = refresher.TryGet();
      if (!at_once) ++nothing;
      const Result<Credentials> answer = !at_once   ? refresher.Get()
                                         : *at_once ? Result<Credentials>((**at_once)->Clone())
                                                    : Fail(*at_once);
      if (answer) {
        ASSERT_EQ(answer->access_key_id, "A");
        ASSERT_GT(answer->expiration, before) << seed;
      } else {
        const Error& error = answer.error();
        ASSERT_TRUE(may_fail || error.code == ErrorCode::kServiceAnswer) << seed;
        ASSERT_TRUE(error.message == "no answer" ||
                    error.message.starts_with("the new credentials expired at "))
            << seed << " " << error.message;
      }
    }
    EXPECT_TRUE(may_fail || nothing > 0) << seed;
  }
}

}  // namespace
}  // namespace credmint
