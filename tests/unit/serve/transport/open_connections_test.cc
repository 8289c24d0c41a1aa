// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/open_connections.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace credmint::serve {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// A connection and its peer.
class Pair {
 public:
  explicit Pair(OpenConnections& open, std::optional<uid_t> user = std::nullopt) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
    open.IsOpened(ends_[0], user);
  }
  ~Pair() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  [[nodiscard]] int descriptor() const { return ends_[0]; }
  [[nodiscard]] bool HasEnded() const {
    pollfd look{ends_[1], POLLRDHUP, 0};
    return poll(&look, 1, 0) == 1;
  }

 private:
  std::array<int, 2> ends_{};
};

class OpenConnectionsTest : public testing::Test {
 protected:
  int Open(Proof proof = Proof::kNone, std::optional<uid_t> user = std::nullopt) {
    pairs_.push_back(std::make_unique<Pair>(open_, user));
    if (proof != Proof::kNone) Ask(static_cast<int>(pairs_.size()) - 1, proof);
    return static_cast<int>(pairs_.size()) - 1;
  }
  void Ask(int number, Proof proof) {
    const int descriptor = pairs_[number]->descriptor();
    EXPECT_TRUE(open_.HasRequest(descriptor));
    open_.HasProved(descriptor, proof);
    open_.WaitsForRequest(descriptor);
  }
  std::vector<int> Ended() {
    std::vector<int> ended;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      if (pairs_[i]->HasEnded()) ended.push_back(static_cast<int>(i));
    }
    return ended;
  }

  OpenConnections open_{hours(1), 16, hours(1)};
  std::vector<std::unique_ptr<Pair>> pairs_;
};

TEST_F(OpenConnectionsTest, StrangersGiveWayFirstAndTheOldestOfThem) {
  for (int i = 0; i < 6; ++i) Open();
  for (int i = 0; i < 10; ++i) Open(Proof::kMetadataToken);
  EXPECT_EQ(Ended(), std::vector<int>());
  Open();
  EXPECT_EQ(Ended(), std::vector<int>{0});
  for (int i = 0; i < 3; ++i) Open(Proof::kMetadataToken);
  EXPECT_EQ(Ended(), (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(OpenConnectionsTest, StrangersKeepAnEighthOfTheRoom) {
  for (int i = 0; i < 8; ++i) Open(Proof::kContainerToken);
  for (int i = 0; i < 8; ++i) Open(Proof::kMetadataToken);
  Ask(8, Proof::kMetadataToken);  // is now the one idle for the shortest time
  Open();
  Open();
  EXPECT_EQ(Ended(), (std::vector<int>{9, 10}));
  Open();
  EXPECT_EQ(Ended(), (std::vector<int>{9, 10, 16}));
}

TEST_F(OpenConnectionsTest, ManyUsersDoNotDisplaceOneWithATokenAndTwoConnections) {
  Open(Proof::kContainerToken, 33);
  Open(Proof::kMetadataToken, 33);
  for (uid_t user = 100'000; user < 100'050; ++user) Open(Proof::kNone, user);
  EXPECT_FALSE(pairs_[0]->HasEnded());
  EXPECT_FALSE(pairs_[1]->HasEnded());
  const int another = Open(Proof::kContainerToken, 33);
  EXPECT_FALSE(pairs_[another]->HasEnded());
}

TEST_F(OpenConnectionsTest, TheUserWithTheMostGivesWay) {
  for (int i = 0; i < 3; ++i) Open(Proof::kNone, 1001);
  for (int i = 0; i < 13; ++i) Open(Proof::kContainerToken, 1002);
  Open(Proof::kNone, 1001);
  EXPECT_EQ(Ended(), std::vector<int>{3});
  for (int i = 0; i < 9; ++i) Open(Proof::kContainerToken, 1002);
  EXPECT_EQ(Ended().size(), 10U);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(pairs_[i]->HasEnded()) << i;
}

TEST_F(OpenConnectionsTest, WhoHasAskedIsNotCutOffBeforeTheAnswer) {
  for (int i = 0; i < 16; ++i) Open(Proof::kMetadataToken);
  EXPECT_TRUE(open_.HasRequest(pairs_[0]->descriptor()));
  Open();
  EXPECT_EQ(Ended(), std::vector<int>{1});
}

TEST_F(OpenConnectionsTest, TheBetterProofCounts) {
  const int both = Open(Proof::kContainerToken);
  Ask(both, Proof::kMetadataToken);
  for (int i = 0; i < 15; ++i) Open(Proof::kMetadataToken);
  for (int i = 0; i < 15; ++i) Open(Proof::kContainerToken);
  EXPECT_EQ(Ended().size(), 15U);
  EXPECT_FALSE(pairs_[both]->HasEnded());
}

TEST_F(OpenConnectionsTest, WhatHasClosedOrEndedTakesNoRoom) {
  for (int i = 0; i < 16; ++i) Open();
  open_.IsClosed(pairs_[3]->descriptor());
  open_.End(pairs_[4]->descriptor());
  open_.IsClosed(pairs_[4]->descriptor());
  Open();
  Open();
  EXPECT_EQ(Ended(), std::vector<int>{4});
  EXPECT_FALSE(open_.HasRequest(pairs_[4]->descriptor()));
}

TEST_F(OpenConnectionsTest, EndsThoseThatAreOverdueAndKnowsWhichAreOld) {
  OpenConnections open(milliseconds(20), 16, milliseconds(20));
  const Pair idle(open);
  const Pair busy(open);
  EXPECT_TRUE(open.HasRequest(busy.descriptor()));
  EXPECT_FALSE(open.IsOld(busy.descriptor()));
  std::this_thread::sleep_for(milliseconds(30));
  open.EndOverdue(std::chrono::steady_clock::now());
  EXPECT_TRUE(idle.HasEnded());
  EXPECT_FALSE(busy.HasEnded());
  open.WaitsForRequest(busy.descriptor());
  EXPECT_TRUE(open.IsOld(busy.descriptor()));
}

}  // namespace
}  // namespace credmint::serve
