// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/disk_cache.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <future>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-01-01T12:00:00Z
constexpr TimePoint kStart{seconds(1767268800)};
const std::string kDigest(64, 'd');

class DiskCacheTest : public testing::Test {
 protected:
  DiskCacheTest() { setenv("XDG_RUNTIME_DIR", base_.path().c_str(), 1); }
  ~DiskCacheTest() override { unsetenv("XDG_RUNTIME_DIR"); }

  /// Gets credentials through a new object, as each process does.
  Result<Credentials> Get(milliseconds timeout = seconds(10)) {
    DiskCache cache(
        CacheFolder::Open().value(), {kDigest, "role", ""}, [this] { return Mint(); }, timeout,
        [this] { return kStart + elapsed_; });
    return cache.Get();
  }

  Result<Credentials> Mint() {
    ++mints_;
    if (fails_) return Fail(ErrorCode::kServiceRefused, "no");
    return Credentials{"AK" + std::to_string(mints_), Secret("SK"), Secret("ST"),
                       kStart + elapsed_ + hours(1), ""};
  }

  test::TempDir base_;
  milliseconds elapsed_{0};
  bool fails_ = false;
  int mints_ = 0;
};

TEST_F(DiskCacheTest, KeepsNoFailure) {
  fails_ = true;
  EXPECT_FALSE(Get());
  EXPECT_FALSE(Get());
  EXPECT_EQ(mints_, 2);
  fails_ = false;
  EXPECT_EQ(Get()->access_key_id, "AK3");
  EXPECT_EQ(Get()->access_key_id, "AK3");
}

TEST_F(DiskCacheTest, MintsAnewBeforeTheSdksAsk) {
  EXPECT_EQ(Get()->access_key_id, "AK1");
  elapsed_ += minutes(44);
  EXPECT_EQ(Get()->access_key_id, "AK1");
  elapsed_ += seconds(1);
  EXPECT_EQ(Get()->access_key_id, "AK2");
  EXPECT_EQ(Get()->access_key_id, "AK2");
}

TEST_F(DiskCacheTest, WaitsForTheOneThatMintsButNotForEver) {
  const auto folder = CacheFolder::Open();
  const auto lock = folder->Lock(kDigest + ".lock");
  ASSERT_TRUE(lock && *lock);
  const auto credentials = Get(milliseconds(50));
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(mints_, 0);
}

TEST_F(DiskCacheTest, TakesWhatTheOtherOneMinted) {
  const auto folder = CacheFolder::Open();
  auto lock = folder->Lock(kDigest + ".lock");
  ASSERT_TRUE(lock && *lock);
  auto waiting = std::async(std::launch::async, [this] { return Get(); });
  const CacheEntry entry{kDigest, "role", "", kStart,
                         Credentials{"AK", Secret("S"), Secret("T"), kStart + hours(1), ""}};
  ASSERT_TRUE(folder->Replace(kDigest + ".json", FormatCacheEntry(entry)));
  lock->reset();
  EXPECT_EQ(waiting.get()->access_key_id, "AK");
  EXPECT_EQ(mints_, 0);
}

TEST_F(DiskCacheTest, MintsWhenTheOtherOneIsGone) {
  const auto folder = CacheFolder::Open();
  auto lock = folder->Lock(kDigest + ".lock");
  ASSERT_TRUE(lock && *lock);
  auto waiting = std::async(std::launch::async, [this] { return Get(); });
  EXPECT_EQ(waiting.wait_for(milliseconds(20)), std::future_status::timeout);
  lock->reset();
  EXPECT_EQ(waiting.get()->access_key_id, "AK1");
}

TEST_F(DiskCacheTest, ClearsWhatNobodyHolds) {
  ASSERT_TRUE(Get());
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder->Replace("mine", Secret("text")));
  const std::string held = std::string(64, 'e') + ".lock";
  const auto lock = folder->Lock(held);
  ASSERT_TRUE(ClearCache(*folder));
  EXPECT_EQ(folder->Names(), (std::vector<std::string>{held, "mine"}));
  EXPECT_TRUE(ListCache(*folder)->empty());
}

TEST_F(DiskCacheTest, ClearsNothingThatALivingProcessIsWriting) {
  const auto folder = CacheFolder::Open();
  const std::string unfinished = kDigest + ".json.new";
  ASSERT_TRUE(folder->Replace(unfinished, Secret("half")));
  {
    const auto lock = folder->Lock(kDigest + ".lock");
    ASSERT_TRUE(ClearCache(*folder));
    EXPECT_EQ(folder->Names(), (std::vector<std::string>{unfinished, kDigest + ".lock"}));
  }
  ASSERT_TRUE(ClearCache(*folder));
  EXPECT_EQ(folder->Names(), std::vector<std::string>());
}

}  // namespace
}  // namespace credmint
