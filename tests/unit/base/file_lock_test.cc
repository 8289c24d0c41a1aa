// SPDX-License-Identifier: Apache-2.0
#include "base/file_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <future>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class FileLockTest : public testing::Test {
 protected:
  [[nodiscard]] Descriptor Open() const {
    return Descriptor(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }

  /// Opens the file again and takes its lock; the lock ends with the result.
  [[nodiscard]] Descriptor Held() const {
    Descriptor file = Open();
    EXPECT_EQ(flock(file.get(), LOCK_EX | LOCK_NB), 0);
    return file;
  }

  test::TempDir folder_;
  const std::string path_ = folder_.File("lock");
};

TEST_F(FileLockTest, IsHeldUntilTheFileIsClosed) {
  auto locked = LockWithin({}, Open());
  ASSERT_TRUE(locked && *locked);
  EXPECT_FALSE(LockWithin({}, Open())->has_value());
  locked->reset();
  EXPECT_TRUE(LockWithin({}, Open())->has_value());
}

TEST_F(FileLockTest, GivesUpAfterTheLimitAndNotBefore) {
  const Descriptor held = Held();
  const auto begin = steady_clock::now();
  const auto locked = LockWithin(milliseconds(50), Open());
  ASSERT_TRUE(locked);
  EXPECT_FALSE(*locked);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(50));
}

TEST_F(FileLockTest, ComesAsSoonAsItIsFree) {
  Descriptor held = Held();
  auto waiting = std::async(std::launch::async, [this] { return LockWithin(seconds(60), Open()); });
  EXPECT_EQ(waiting.wait_for(milliseconds(20)), std::future_status::timeout);
  held = Descriptor();
  const auto locked = waiting.get();
  ASSERT_TRUE(locked && *locked);
  EXPECT_FALSE(LockWithin({}, Open())->has_value());
}

TEST_F(FileLockTest, IsNotKeptByAWaitThatWasGivenUp) {
  Descriptor held = Held();
  EXPECT_FALSE(LockWithin(milliseconds(1), Open())->has_value());
  held = Descriptor();
  EXPECT_TRUE(LockWithin(seconds(60), Open())->has_value());
}

TEST_F(FileLockTest, SaysWhyAFileCannotBeLocked) {
  const auto locked = LockWithin({}, Descriptor());
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, ErrorCode::kLocalIo);
  EXPECT_EQ(locked.error().message, "locking it: Bad file descriptor");
}

}  // namespace
}  // namespace credmint
