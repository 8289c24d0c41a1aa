// SPDX-License-Identifier: Apache-2.0
#include "base/changing_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Files of an age that the test sets. Time passes only in pauses.
class ChangingFilesTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& contents) {
    const std::string path = folder_.File(name);
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

  /// Sets the age of the files.
  void SetAge(milliseconds age) {
    struct stat status {};
    ASSERT_EQ(stat(key_.c_str(), &status), 0);
    now_ = TimePoint(std::chrono::duration_cast<TimePoint::duration>(
        std::chrono::seconds(status.st_ctim.tv_sec) +
        std::chrono::nanoseconds(status.st_ctim.tv_nsec) + age));
  }

  ChangingFiles Files(milliseconds longest = 1s) {
    return {{key_, certificate_},
            longest,
            {.clock = [this] { return now_ + passed_; },
             .stopwatch = [this] { return std::chrono::steady_clock::time_point(passed_); },
             .sleep =
                 [this](milliseconds time) {
                   passed_ += time;
                   pauses_.push_back(time);
                   if (meanwhile_) meanwhile_();
                 }}};
  }

  test::TempDir folder_;
  std::string key_ = Write("key", "one");
  std::string certificate_ = Write("certificate", "one");
  TimePoint now_;
  milliseconds passed_{0};
  std::vector<milliseconds> pauses_;
  std::function<void()> meanwhile_;
};

TEST_F(ChangingFilesTest, NobodyWaitsForOldFiles) {
  SetAge(5s);
  ChangingFiles files = Files();
  files.Look();
  EXPECT_FALSE(files.WaitForChange(1s));
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ChangingFilesTest, WaitsUntilTheYoungestHasSettled) {
  SetAge(300ms);
  ChangingFiles files = Files();
  files.Look();
  EXPECT_FALSE(files.WaitForChange(500ms));
  EXPECT_GE(passed_, 180ms);  // the other file was written a little later
  EXPECT_LE(passed_, 300ms);
  EXPECT_EQ(pauses_.front(), ChangingFiles::kFirstPause);
  EXPECT_TRUE(std::is_sorted(pauses_.begin(), pauses_.end()));
  EXPECT_EQ(pauses_.back(), ChangingFiles::kLongestPause);
}

TEST_F(ChangingFilesTest, ReadsAgainWhatHasBeenReplacedSince) {
  SetAge(5s);
  ChangingFiles files = Files();
  files.Look();
  ASSERT_EQ(std::rename(Write("new", "two").c_str(), key_.c_str()), 0);
  EXPECT_TRUE(files.WaitForChange(200ms));
  EXPECT_EQ(pauses_.size(), 1U);
}

TEST_F(ChangingFilesTest, SeesAChangeInAPause) {
  SetAge(100ms);
  ChangingFiles files = Files();
  files.Look();
  meanwhile_ = [this] {
    if (pauses_.size() == 4) Write("certificate", "");
  };
  EXPECT_TRUE(files.WaitForChange(1s));
  EXPECT_EQ(pauses_.size(), 4U);
}

TEST_F(ChangingFilesTest, SeesAFileComeAndGo) {
  SetAge(100ms);
  ASSERT_EQ(std::remove(certificate_.c_str()), 0);
  ChangingFiles files = Files();
  files.Look();
  meanwhile_ = [this] { Write("certificate", "two"); };
  EXPECT_TRUE(files.WaitForChange(1s));
  EXPECT_EQ(pauses_.size(), 1U);
}

TEST_F(ChangingFilesTest, ReadsAgainWhatChangedWithinATickOfTheClock) {
  SetAge(0ms);
  ChangingFiles files = Files();
  files.Look();
  EXPECT_TRUE(files.WaitForChange(1s));
  EXPECT_EQ(pauses_.size(), 1U);
}

TEST_F(ChangingFilesTest, HasAnEnd) {
  SetAge(0ms);
  meanwhile_ = [this] { Write("key", std::to_string(pauses_.size())); };
  ChangingFiles files = Files(500ms);
  int reads = 0;
  do {
    files.Look();
    ++reads;
  } while (files.WaitForChange(1s));
  EXPECT_GE(passed_, 500ms);
  EXPECT_LE(passed_, 500ms + ChangingFiles::kLongestPause);
  EXPECT_GE(reads, 16);
}

TEST_F(ChangingFilesTest, WaitsForNothingWithoutFiles) {
  ChangingFiles files({}, 1s);
  files.Look();
  EXPECT_FALSE(files.WaitForChange(1s));
}

}  // namespace
}  // namespace credmint
