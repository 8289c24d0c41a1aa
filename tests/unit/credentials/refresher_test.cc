// SPDX-License-Identifier: Apache-2.0
#include "credentials/refresher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "unit/credentials/refresher_world.h"

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Lets a test decide when a call to the source ends.
class Gate {
 public:
  void Open() { promise_.set_value(); }
  [[nodiscard]] RefresherWorld::Step Before(RefresherWorld::Step step) const {
    return [open = opened_, step = std::move(step)] {
      open.wait();
      return step();
    };
  }

 private:
  std::promise<void> promise_;
  std::shared_future<void> opened_ = promise_.get_future().share();
};

Result<Credentials> Fresh(const std::string& id) {
  return Credentials{id, Secret("secret"), Secret("token"), kBegin + hours(24), ""};
}

std::string Id(Refresher& refresher) {
  const Result<Credentials> credentials = refresher.Get();
  return credentials ? credentials->access_key_id : "failed: " + credentials.error().message;
}

TEST(RefresherTest, AnswersWithTheFailureWithoutAskingAgain) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kNetwork);
  Refresher refresher(world, {}, world.Environment());
  for (int n = 0; n < 100; ++n) {
    const Result<Credentials> credentials = refresher.Get();
    ASSERT_FALSE(credentials);
    EXPECT_EQ(credentials.error().code, ErrorCode::kNetwork);
    EXPECT_EQ(credentials.error().message, "no answer");
    EXPECT_EQ(credentials.error().hint, "a hint");
  }
  world.AwaitIdle();
  EXPECT_EQ(world.Calls().size(), 1U);
}

TEST(RefresherTest, RetriesWithGrowingSpacingAndNeverWithinASecond) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kNetwork);
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  for (int n = 0; n < 1'000; ++n) world.Advance(milliseconds(100));
  EXPECT_EQ(world.Calls(),
            (std::vector<milliseconds>{seconds(0), seconds(1), seconds(2), seconds(4), seconds(8),
                                       seconds(16), seconds(32), seconds(62), seconds(92)}));
}

TEST(RefresherTest, BeginsAnewAfterASuccess) {
  RefresherWorld world;
  for (int n = 0; n < 5; ++n) world.ThenFailure(ErrorCode::kNetwork);
  world.ThenCredentials("A");
  world.ThenFailure(ErrorCode::kNetwork);
  world.ThenFailure(ErrorCode::kNetwork);
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.AdvanceInSeconds(seconds(16));
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(minutes(35));
  EXPECT_EQ(world.Calls().size(), 7U);
  world.Advance(seconds(1));
  world.Advance(seconds(1));
  EXPECT_EQ(world.Calls().size(), 9U);
  EXPECT_EQ(Id(refresher), "B");
}

/// In this world chance is always one half. Credentials of 12 hours are due after 5 h 15 min, and a
/// failure then may wait for 3 h 7 min.
RefresherEnvironment EvenChance(RefresherWorld& world) {
  RefresherEnvironment environment = world.Environment();
  environment.random = [] { return 0.5; };
  return environment;
}

TEST(RefresherTest, LeavesABusyServiceAloneWhileTheCredentialsLast) {
  RefresherWorld world;
  world.ThenCredentials("A", hours(12));
  world.ThenFailure(ErrorCode::kServiceBusy);
  world.ThenCredentials("B");
  Refresher refresher(world, {}, EvenChance(world));
  world.AwaitIdle();
  world.Advance(minutes(315));
  EXPECT_EQ(world.Calls().size(), 2U);
  world.Advance(minutes(187) + seconds(30) - milliseconds(1));
  EXPECT_EQ(world.Calls().size(), 2U);
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(milliseconds(1));
  EXPECT_EQ(world.Calls().size(), 3U);
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, HurriesAgainInTheLastHalfHour) {
  RefresherWorld world;
  world.ThenCredentials("A", hours(12));
  world.ThenFailure(ErrorCode::kServiceBusy);
  Refresher refresher(world, {}, EvenChance(world));
  world.AwaitIdle();
  world.Advance(minutes(315));
  for (int n = 0; n < 375; ++n) world.Advance(minutes(1));
  const std::size_t before = world.Calls().size();
  EXPECT_LT(before, 20U);
  world.AdvanceInSeconds(minutes(30));
  EXPECT_GT(world.Calls().size(), before + 30);
}

TEST(RefresherTest, HurriesWhileSomebodyWaits) {
  RefresherWorld world;
  world.ThenCredentials("A", hours(12));
  for (int n = 0; n < 5; ++n) world.ThenFailure(ErrorCode::kServiceBusy);
  world.ThenCredentials("B");
  Refresher refresher(world, {}, EvenChance(world));
  world.AwaitIdle();
  world.Advance(minutes(315));
  EXPECT_EQ(world.Calls().size(), 2U);
  world.Advance(seconds(1));
  refresher.Reload();
  world.AwaitCalls(3);
  world.AwaitIdle();
  world.AdvanceInSeconds(seconds(3 + 6 + 12 + 24));
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, NoticesThatTheMachineHasSleptWhileItLeavesTheServiceAlone) {
  RefresherWorld world;
  world.ThenCredentials("A", hours(12));
  world.ThenFailure(ErrorCode::kServiceBusy);
  world.ThenCredentials("B");
  Refresher refresher(world, {}, EvenChance(world));
  world.AwaitIdle();
  world.Advance(minutes(315));
  world.Advance(seconds(3));
  EXPECT_EQ(world.Calls().size(), 2U);
  world.MoveDate(hours(4));
  world.Advance(seconds(30));
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, WaitsAsLongAsTheServiceAsksFor) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kServiceBusy, seconds(90));
  world.ThenCredentials("A");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.Advance(milliseconds(89'999));
  EXPECT_EQ(world.Calls().size(), 1U);
  world.Advance(milliseconds(1));
  EXPECT_EQ(world.Calls().size(), 2U);
  EXPECT_EQ(Id(refresher), "A");
}

TEST(RefresherTest, KeepsGoodCredentialsUntilTheyExpireAndThenFails) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenFailure(ErrorCode::kServiceRefused);
  Refresher refresher(world, {}, world.Environment());
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(minutes(35));
  EXPECT_EQ(world.Calls().size(), 2U);
  for (int second = 0; second < 25 * 60; ++second) {
    ASSERT_EQ(Id(refresher), "A") << second;
    world.Advance(seconds(1));
  }
  const Result<Credentials> credentials = refresher.Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceRefused);
  EXPECT_GT(world.Calls().size(), 25U);  // at least one call a minute
}

TEST(RefresherTest, RecoversAfterTheyExpired) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenFailure(ErrorCode::kTimeout);
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(minutes(61));
  EXPECT_EQ(Id(refresher), "failed: no answer");
  world.Advance(seconds(1));
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, TriesNoRefusedPinAgainBeforeItIsReloaded) {
  for (const ErrorCode code :
       {ErrorCode::kPinRequired, ErrorCode::kPinIncorrect, ErrorCode::kPinLocked}) {
    RefresherWorld world;
    world.ThenFailure(code);
    world.ThenCredentials("A");
    Refresher refresher(world, {}, world.Environment());
    world.AwaitIdle();
    for (int n = 0; n < 24; ++n) world.Advance(hours(1));
    EXPECT_EQ(Id(refresher), "failed: no answer");
    EXPECT_EQ(world.Calls().size(), 1U);
    refresher.Reload();
    EXPECT_EQ(Id(refresher), "A");
    EXPECT_EQ(world.Calls().size(), 2U);
  }
}

TEST(RefresherTest, KeepsGoodCredentialsWhenThePinIsRefused) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenFailure(ErrorCode::kPinIncorrect);
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.Advance(minutes(35));
  world.Advance(minutes(25) - seconds(1));
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(seconds(1));
  EXPECT_EQ(Id(refresher), "failed: no answer");
  world.Advance(hours(1));
  EXPECT_EQ(world.Calls().size(), 2U);
}

TEST(RefresherTest, TakesNoExpiredCredentials) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenCredentials("B", seconds(0));
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.Advance(minutes(35));
  EXPECT_EQ(world.Calls().size(), 2U);
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(minutes(25));
  const Result<Credentials> credentials = refresher.Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(credentials.error().message,
            "the new credentials expired at 2026-01-01T13:00:00Z, and it is 2026-01-01T13:00:00Z");
}

TEST(RefresherTest, JudgesNewCredentialsByTheClockAfterTheCall) {
  for (const hours correction : {hours(-3), hours(3)}) {
    RefresherWorld world;
    world.Then([&]() -> Result<Credentials> {
      const TimePoint before = world.Date();
      world.MoveDate(correction);
      return Credentials{"A", Secret("secret"), Secret("token"),
                         std::min(before, before + correction) + hours(1), ""};
    });
    Refresher refresher(world, {}, world.Environment());
    EXPECT_EQ(Id(refresher).substr(0, 6), correction < hours(0) ? "A" : "failed");
  }
}

TEST(RefresherTest, RefreshesAheadOfTheSdks) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.Advance(minutes(35) - milliseconds(1));
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(milliseconds(1));
  EXPECT_EQ(Id(refresher), "B");
  world.Advance(minutes(35));
  EXPECT_EQ(world.Calls(), (std::vector<milliseconds>{minutes(0), minutes(35), minutes(70)}));
}

TEST(RefresherTest, AsksAServiceThatSendsShortOnesWithGrowingSpacing) {
  RefresherWorld world;
  world.ThenCredentials("A", minutes(4));
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  for (int n = 0; n < 7 * 60; ++n) {
    world.Advance(seconds(1));
    ASSERT_EQ(Id(refresher), "A");
  }
  EXPECT_EQ(world.Calls(), (std::vector<milliseconds>{seconds(0), seconds(15), seconds(45),
                                                      seconds(105), seconds(225), seconds(345)}));
}

TEST(RefresherTest, AnswersManyWithOneCall) {
  RefresherWorld world;
  Gate gate;
  world.Then(gate.Before([] { return Fresh("A"); }));
  Refresher refresher(world, {}, world.Environment());
  std::vector<std::future<std::string>> answers(20);
  for (auto& answer : answers) {
    answer = std::async(std::launch::async, [&] { return Id(refresher); });
  }
  world.AwaitCalls(1);
  gate.Open();
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "A");
  world.AwaitIdle();
  EXPECT_EQ(world.Calls().size(), 1U);
}

TEST(RefresherTest, AnswersFromMemoryWhileACallRuns) {
  RefresherWorld world;
  Gate gate;
  world.ThenCredentials("A");
  world.Then(gate.Before([] { return Fresh("B"); }));
  Refresher refresher(world, {}, world.Environment());
  world.Move(minutes(35));
  world.AwaitCalls(2);
  EXPECT_EQ(Id(refresher), "A");
  gate.Open();
  world.AwaitIdle();
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, NoticesThatTheMachineHasSlept) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(seconds(1));
  world.MoveDate(hours(2));
  EXPECT_EQ(Id(refresher), "B");
  EXPECT_EQ(world.Calls().size(), 2U);
}

TEST(RefresherTest, LooksAtTheDateTwiceAMinute) {
  RefresherWorld world;
  world.ThenCredentials("A", hours(12));
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  EXPECT_EQ(world.LongestWait(), seconds(30));
}

TEST(RefresherTest, ReloadsNotMoreThanOnceASecond) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  EXPECT_EQ(Id(refresher), "A");
  world.AwaitIdle();
  for (int n = 0; n < 5; ++n) refresher.Reload();
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(milliseconds(999));
  EXPECT_EQ(world.Calls().size(), 1U);
  world.Advance(milliseconds(1));
  EXPECT_EQ(world.Calls().size(), 2U);
  EXPECT_EQ(Id(refresher), "B");
  world.Advance(minutes(1));
  EXPECT_EQ(world.Calls().size(), 2U);
}

TEST(RefresherTest, ReloadsAtOnceWhateverTheServiceAskedFor) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kServiceBusy, minutes(5));
  world.ThenCredentials("A");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.Advance(seconds(2));
  EXPECT_EQ(world.Calls().size(), 1U);
  refresher.Reload();
  EXPECT_EQ(Id(refresher), "A");
}

TEST(RefresherTest, RetriesAReloadThatFailsWhileTheCredentialsAreFresh) {
  RefresherWorld world;
  world.ThenCredentials("A");
  world.ThenFailure(ErrorCode::kLocalIo);
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  world.Advance(seconds(1));
  refresher.Reload();
  world.AwaitCalls(2);
  world.AwaitIdle();
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(seconds(1));
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, DropsWhatFailsWhileItIsReloaded) {
  RefresherWorld world;
  Gate gate;
  world.Then(gate.Before([]() -> Result<Credentials> {
    return Fail(ErrorCode::kPinIncorrect, "the old PIN is wrong");
  }));
  world.ThenCredentials("A");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitCalls(1);
  refresher.Reload();
  gate.Open();
  world.Advance(seconds(1));
  EXPECT_EQ(Id(refresher), "A");
  EXPECT_EQ(world.Calls(), (std::vector<milliseconds>{seconds(0), seconds(1)}));
}

TEST(RefresherTest, AsksAgainWhenItIsReloadedDuringACall) {
  RefresherWorld world;
  Gate gate;
  world.Then(gate.Before([] { return Fresh("A"); }));
  world.ThenCredentials("B");
  Refresher refresher(world, {}, world.Environment());
  world.AwaitCalls(1);
  refresher.Reload();
  gate.Open();
  EXPECT_EQ(Id(refresher), "A");
  world.Advance(seconds(1));
  EXPECT_EQ(Id(refresher), "B");
}

TEST(RefresherTest, GivesEarlierCredentialsOutUntilItHasItsOwn) {
  RefresherWorld world;
  Gate gate;
  world.Then(gate.Before([] { return Fresh("A"); }));
  Refresher refresher(world, {}, world.Environment(), *Fresh("earlier"));
  world.AwaitCalls(1);
  EXPECT_EQ(Id(refresher), "earlier");
  gate.Open();
  world.AwaitIdle();
  EXPECT_EQ(Id(refresher), "A");
}

TEST(RefresherTest, GivesEarlierCredentialsOutUntilTheyExpire) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kKeyUnusable);
  Credentials earlier = *Fresh("earlier");
  earlier.expiration = kBegin + minutes(1);
  Refresher refresher(world, {}, world.Environment(), std::move(earlier));
  world.AwaitIdle();
  EXPECT_EQ(Id(refresher), "earlier");
  world.Advance(minutes(1));
  EXPECT_EQ(refresher.Get().error().code, ErrorCode::kKeyUnusable);
}

TEST(RefresherTest, TellsOfEachOutcome) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kNetwork);
  world.ThenCredentials("A");
  std::vector<std::string> told;
  {
    Refresher refresher(
        world,
        {[&](const Credentials& credentials) { told.push_back(credentials.access_key_id); },
         [&](const Error& error) { told.push_back(error.message); }},
        world.Environment());
    world.AwaitIdle();
    world.Advance(seconds(1));
    world.Advance(minutes(1));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"no answer", "A"}));
}

TEST(RefresherTest, TellsThoseWhoCannotWaitThatThereIsNothingYet) {
  RefresherWorld world;
  Gate gate;
  world.Then(gate.Before([] { return Fresh("A"); }));
  std::promise<void> renewed;
  Refresher refresher(world, {[&](const Credentials&) { renewed.set_value(); }, nullptr},
                      world.Environment());
  world.AwaitCalls(1);
  EXPECT_FALSE(refresher.TryGet());
  gate.Open();
  renewed.get_future().wait();
  EXPECT_EQ((**refresher.TryGet())->access_key_id, "A");
}

TEST(RefresherTest, TellsThoseWhoCannotWaitOfAFailure) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kNetwork);
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  EXPECT_EQ(refresher.TryGet()->error().code, ErrorCode::kNetwork);
}

TEST(RefresherTest, CountsItsCalls) {
  RefresherWorld world;
  world.ThenFailure(ErrorCode::kNetwork);
  world.ThenFailure(ErrorCode::kServiceBusy);
  world.ThenCredentials("A");
  world.ThenFailure(ErrorCode::kNetwork);
  Refresher refresher(world, {}, world.Environment());
  world.AwaitIdle();
  EXPECT_EQ(refresher.State().failure, ErrorCode::kNetwork);
  EXPECT_FALSE(refresher.State().has_valid);
  EXPECT_FALSE(refresher.State().expiration);
  world.Advance(seconds(1));
  world.Advance(seconds(4));
  RefresherState state = refresher.State();
  EXPECT_EQ(state.calls, 3U);
  EXPECT_TRUE(state.has_valid);
  EXPECT_FALSE(state.failure);
  EXPECT_EQ(state.expiration, kBegin + seconds(5) + hours(1));
  world.Advance(minutes(35));
  state = refresher.State();
  EXPECT_EQ(state.calls, 4U);
  EXPECT_EQ(state.failures, (std::map<ErrorCode, std::uint64_t>{{ErrorCode::kNetwork, 2},
                                                                {ErrorCode::kServiceBusy, 1}}));
  EXPECT_TRUE(state.has_valid);
  EXPECT_EQ(state.failure, ErrorCode::kNetwork);
  world.MoveDate(hours(1));
  EXPECT_FALSE(refresher.State().has_valid);
}

TEST(RefresherTest, TellsForHowLongACallHasBeenRunning) {
  RefresherWorld world;
  Gate gate;
  world.ThenFailure(ErrorCode::kNetwork);
  world.Then(gate.Before([] { return Fresh("A"); }));
  Refresher refresher(world, {}, world.Environment());
  world.Advance(milliseconds(500));
  EXPECT_EQ(refresher.State().calling, seconds(0));
  world.Move(milliseconds(500));
  world.AwaitCalls(2);
  world.Pass(minutes(3));
  EXPECT_EQ(refresher.State().calling, minutes(3));
  gate.Open();
  world.AwaitIdle();
  EXPECT_EQ(refresher.State().calling, seconds(0));
}

TEST(RefresherTest, EndsWhileACallRuns) {
  RefresherWorld world;
  Gate gate;
  world.Then(gate.Before([] { return Fresh("A"); }));
  std::thread opener;
  {
    const Refresher refresher(world, {}, world.Environment());
    world.AwaitCalls(1);
    opener = std::thread([&] { gate.Open(); });
  }
  opener.join();
  EXPECT_EQ(world.Calls().size(), 1U);
}

TEST(RefresherTest, RunsByTheClocksOfTheSystem) {
  class : public CredentialSource {
   public:
    Result<Credentials> Get() override {
      ++calls;
      return Credentials{"A", Secret("secret"), Secret("token"),
                         std::chrono::system_clock::now() + hours(1), ""};
    }
    int calls = 0;
  } source;
  {
    Refresher refresher(source);
    std::vector<std::thread> threads(8);
    for (std::thread& thread : threads) {
      thread = std::thread([&] {
        for (int m = 0; m < 200; ++m) {
          EXPECT_EQ(Id(refresher), "A");
          refresher.Reload();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_GE(source.calls, 1);
  EXPECT_LE(source.calls, 20);  // at one a second, this allows for a very busy machine
}

}  // namespace
}  // namespace credmint
