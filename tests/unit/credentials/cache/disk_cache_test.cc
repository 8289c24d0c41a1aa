// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/disk_cache.h"

#include <gtest/gtest.h>
#include <stdlib.h>

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
  Result<Credentials> Get() {
    DiskCache cache(CacheFolder::Open().value(), {kDigest, "role", ""}, [this] { return Mint(); },
                    seconds(10),
                    {[this] { return kStart + elapsed_; },
                     [this] { return std::chrono::steady_clock::time_point(elapsed_); },
                     [this](milliseconds time) {
                       elapsed_ += time;
                       if (on_sleep_) on_sleep_();
                     }});
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
  std::function<void()> on_sleep_;
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
  const auto lock = folder->TryLock(kDigest + ".lock");
  ASSERT_TRUE(lock && *lock);
  const auto credentials = Get();
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(elapsed_, seconds(10));
  EXPECT_EQ(mints_, 0);
}

TEST_F(DiskCacheTest, TakesWhatTheOtherOneMinted) {
  const auto folder = CacheFolder::Open();
  const auto lock = folder->TryLock(kDigest + ".lock");
  ASSERT_TRUE(lock && *lock);
  on_sleep_ = [&] {
    const CacheEntry entry{kDigest, "role", "", kStart,
                           Credentials{"AK", Secret("S"), Secret("T"), kStart + hours(1), ""}};
    ASSERT_TRUE(folder->Replace(kDigest + ".json", FormatCacheEntry(entry)));
  };
  EXPECT_EQ(Get()->access_key_id, "AK");
  EXPECT_EQ(mints_, 0);
}

TEST_F(DiskCacheTest, MintsWhenTheOtherOneIsGone) {
  const auto folder = CacheFolder::Open();
  auto lock = folder->TryLock(kDigest + ".lock");
  ASSERT_TRUE(lock && *lock);
  on_sleep_ = [&] { lock->reset(); };
  EXPECT_EQ(Get()->access_key_id, "AK1");
}

TEST_F(DiskCacheTest, ClearsWhatNobodyHolds) {
  ASSERT_TRUE(Get());
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder->Replace("mine", Secret("text")));
  const std::string held = std::string(64, 'e') + ".lock";
  const auto lock = folder->TryLock(held);
  ASSERT_TRUE(ClearCache(*folder));
  EXPECT_EQ(folder->Names(), (std::vector<std::string>{held, "mine"}));
  EXPECT_TRUE(ListCache(*folder)->empty());
}

TEST_F(DiskCacheTest, ClearsNothingThatALivingProcessIsWriting) {
  const auto folder = CacheFolder::Open();
  const std::string unfinished = kDigest + ".json.new";
  ASSERT_TRUE(folder->Replace(unfinished, Secret("half")));
  {
    const auto lock = folder->TryLock(kDigest + ".lock");
    ASSERT_TRUE(ClearCache(*folder));
    EXPECT_EQ(folder->Names(), (std::vector<std::string>{unfinished, kDigest + ".lock"}));
  }
  ASSERT_TRUE(ClearCache(*folder));
  EXPECT_EQ(folder->Names(), std::vector<std::string>());
}

}  // namespace
}  // namespace credmint
