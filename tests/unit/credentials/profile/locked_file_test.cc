// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "support/temp_dir.h"

namespace {

/// Makes one system call fail, or all from that one on.
struct Fault {
  int calls_before = -1;  // calls that still succeed; -1: no call fails
  int error = 0;
  bool for_good = false;
} fault;

bool Fails() {
  if (fault.calls_before < 0) return false;
  if (fault.calls_before > 0) {
    --fault.calls_before;
    return false;
  }
  if (!fault.for_good) fault.calls_before = -1;
  errno = fault.error;
  return true;
}

}  // namespace

// These replace the C library's functions in this program.
extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  if (Fails()) return -1;
  return syscall(SYS_write, descriptor, bytes, size > 5 ? size / 2 : size);  // partial writes
}

int fsync(int descriptor) {
  return Fails() ? -1 : static_cast<int>(syscall(SYS_fsync, descriptor));
}

int fchmod(int descriptor, mode_t mode) noexcept {
  return Fails() ? -1 : static_cast<int>(syscall(SYS_fchmod, descriptor, mode));
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return Fails() ? -1
                 : static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
}

int openat(int folder, const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  return writes && Fails() ? -1 : static_cast<int>(syscall(SYS_openat, folder, name, flags, mode));
}
}

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

std::set<std::string> NamesIn(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

/// Reads and replaces a file as an updater does. Returns the error's message, or an empty text.
std::string Update(const std::string& path, std::string_view contents) {
  auto file = LockedFile::Open(path, seconds(5));
  if (!file) return file.error().message;
  if (const auto text = file->Read(); !text) return text.error().message;
  const auto replaced = file->Replace(contents);
  if (!replaced) return replaced.error().message;
  return *replaced ? "" : "somebody else wrote it";
}

std::string WhyNotOpened(const std::string& path) {
  const auto file = LockedFile::Open(path, milliseconds(50));
  if (file) return "it was";
  EXPECT_EQ(file.error().code, ErrorCode::kLocalIo);
  return file.error().message;
}

class LockedFileTest : public testing::Test {
 protected:
  ~LockedFileTest() override { fault = {}; }

  const test::TempDir dir_;
  const std::string path_ = dir_.File("credentials");
};

/// Gives up root's rights, which would override file modes. Returns false for other users.
bool BecomeAnotherUser() { return geteuid() == 0 && seteuid(65534) == 0; }

TEST_F(LockedFileTest, RefusesWhatIsNoFile) {
  fs::create_directory(path_);
  EXPECT_EQ(WhyNotOpened(path_), path_ + " is a directory");
  fs::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(WhyNotOpened(path_), path_ + " is not a regular file");
  EXPECT_EQ(WhyNotOpened("/dev/null"), "/dev/null is not a regular file");
}

TEST_F(LockedFileTest, RefusesAFileOrALinkOfAnotherUser) {
  dir_.Write("credentials", "old");
  fs::create_symlink("credentials", dir_.File("link"));
  fs::permissions(dir_.path(), fs::perms::all);
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(lchown(dir_.File("link").c_str(), 12345, 12345), 0);
  EXPECT_THAT(WhyNotOpened(dir_.File("link")), HasSubstr("link that belongs to another user"));
  ASSERT_TRUE(BecomeAnotherUser());
  EXPECT_THAT(WhyNotOpened(path_), EndsWith("belongs to another user"));
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(Contents(path_), "old");
}

TEST_F(LockedFileTest, RefusesAFolderThatIsMissingInAnother) {
  EXPECT_EQ(WhyNotOpened(dir_.File("a/b/credentials")),
            "cannot create the folder " + dir_.File("a/b") + ": No such file or directory");
}

TEST_F(LockedFileTest, RefusesALoopOfLinks) {
  fs::create_symlink("two", dir_.File("one"));
  fs::create_symlink("one", dir_.File("two"));
  EXPECT_THAT(WhyNotOpened(dir_.File("one")), EndsWith("Too many levels of symbolic links"));
}

TEST_F(LockedFileTest, RefusesALargeFile) {
  dir_.Write("credentials", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(Update(path_, "new"), EndsWith("it is longer than 1048576 bytes"));
}

TEST_F(LockedFileTest, SaysWhatCannotBeRead) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
  dir_.Write("credentials", "old", 0000);
  fs::permissions(dir_.path(), fs::perms::all);
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  ASSERT_TRUE(BecomeAnotherUser());
  EXPECT_EQ(Update(path_, "new"), "cannot read " + path_ + ": Permission denied");
  ASSERT_EQ(seteuid(0), 0);
}

TEST_F(LockedFileTest, WaitsForTheLockAsLongAsItIsTold) {
  const auto holder = LockedFile::Open(path_, seconds(1));
  ASSERT_TRUE(holder);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(WhyNotOpened(path_), path_ + " is being updated by another process");
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(50));
}

TEST_F(LockedFileTest, DoesNotFollowALinkInThePlaceOfItsOwnFiles) {
  dir_.Write("other", "other");
  fs::create_symlink("other", dir_.File(".credentials.credmint-new"));
  EXPECT_EQ(Update(path_, "new"), "");
  EXPECT_EQ(Contents(dir_.File("other")), "other");
  fs::remove(dir_.File(".credentials.credmint-lock"));
  fs::create_symlink("other", dir_.File(".credentials.credmint-lock"));
  EXPECT_THAT(WhyNotOpened(path_), HasSubstr("cannot lock"));
}

TEST_F(LockedFileTest, NoticesThatAnotherProgramWroteTheFile) {
  dir_.Write("credentials", "old");
  auto file = LockedFile::Open(path_, seconds(1));
  ASSERT_TRUE(file && file->Read());
  dir_.Write("credentials", "of another program");
  const auto replaced = file->Replace("new");
  ASSERT_TRUE(replaced);
  EXPECT_FALSE(*replaced);
  EXPECT_EQ(Contents(path_), "of another program");
  EXPECT_EQ(NamesIn(dir_.path()),
            (std::set<std::string>{"credentials", ".credentials.credmint-lock"}));
}

/// Makes each system call fail in turn. The file exists before, or does not.
void TryEachFault(const test::TempDir& dir, int error, bool for_good, bool exists) {
  const std::string path = dir.File("credentials");
  for (int calls = 0;; ++calls) {
    ASSERT_LT(calls, 100);
    SCOPED_TRACE(testing::Message() << "call " << calls << " error " << error);
    exists ? static_cast<void>(dir.Write("credentials", "old"))
           : static_cast<void>(fs::remove(path));
    const std::string old = Contents(path);
    fault = {calls, error, for_good};
    const std::string message = Update(path, std::string(40, 'n'));
    const bool none_failed = fault.calls_before > 0 || (calls > 0 && message.empty());
    fault = {};
    EXPECT_EQ(NamesIn(dir.path()).count(".credentials.credmint-new"), 0U);
    if (none_failed) {
      EXPECT_EQ(message, "");
      EXPECT_GE(calls, 6);  // open, fchmod, several writes, fsync, rename, fsync of the folder
      return;
    }
    EXPECT_THAT(message, EndsWith(": " + std::string(strerror(error))));
    EXPECT_THAT(message, HasSubstr(path));
    // Only the last call, the folder's fsync, follows the rename.
    const std::string now = Contents(path);
    EXPECT_TRUE(now == old || now == std::string(40, 'n')) << now;
    EXPECT_EQ(fs::exists(path), exists || now != old);
  }
}

TEST_F(LockedFileTest, LeavesTheOldFileWhateverCallFails) {
  for (const int error : {ENOSPC, EIO, EDQUOT, EROFS}) {
    for (const bool for_good : {false, true}) {
      for (const bool exists : {false, true}) TryEachFault(dir_, error, for_good, exists);
    }
  }
}

TEST_F(LockedFileTest, MakesAFileAndAFolderForTheOwnerOnly) {
  const mode_t before = umask(0);
  EXPECT_EQ(Update(dir_.File("aws/credentials"), "new"), "");
  umask(before);
  EXPECT_EQ(Contents(dir_.File("aws/credentials")), "new");
  EXPECT_EQ(ModeOf(dir_.File("aws")), 0700U);
  EXPECT_EQ(ModeOf(dir_.File("aws/credentials")), 0600U);
  EXPECT_EQ(ModeOf(dir_.File("aws/.credentials.credmint-lock")), 0600U);
}

TEST_F(LockedFileTest, KeepsTheModeButNoAccessOfOthers) {
  for (const auto& [before, after] :
       {std::pair{0600U, 0600U}, {0400U, 0400U}, {0644U, 0600U}, {0640U, 0600U}, {0777U, 0600U}}) {
    dir_.Write("credentials", "old", before);
    EXPECT_EQ(Update(path_, "new"), "");
    EXPECT_EQ(ModeOf(path_), after);
  }
}

TEST_F(LockedFileTest, KeepsTheOwnerWhereRootReplacesIt) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  dir_.Write("credentials", "old");
  ASSERT_EQ(chown(path_.c_str(), 12345, 54321), 0);
  EXPECT_EQ(Update(path_, "new"), "");
  for (const std::string& path : {path_, dir_.File(".credentials.credmint-lock")}) {
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 12345U) << path;
    EXPECT_EQ(status.st_gid, 54321U) << path;
  }
}

TEST_F(LockedFileTest, ReplacesWhatLinksLeadTo) {
  fs::create_directory(dir_.File("real"));
  dir_.Write("real/file", "old");
  fs::create_symlink("real/link", path_);
  fs::create_symlink("../real/file", dir_.File("real/link"));
  EXPECT_EQ(Update(path_, "new"), "");
  EXPECT_EQ(Contents(dir_.File("real/file")), "new");
  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_TRUE(fs::is_symlink(dir_.File("real/link")));
  EXPECT_FALSE(fs::is_symlink(dir_.File("real/file")));
}

TEST_F(LockedFileTest, MakesWhatALinkLeadsTo) {
  fs::create_symlink(dir_.File("real/file"), path_);
  EXPECT_EQ(Update(path_, "new"), "");
  EXPECT_EQ(Contents(dir_.File("real/file")), "new");
  EXPECT_TRUE(fs::is_symlink(path_));
}

TEST_F(LockedFileTest, ReadsAnEmptyFileAndNone) {
  for (const bool exists : {false, true}) {
    if (exists) dir_.Write("credentials", "");
    auto file = LockedFile::Open(path_, seconds(1));
    ASSERT_TRUE(file);
    const auto text = file->Read();
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->empty());
  }
}

/// Replaces the file repeatedly. Each new file consists of one repeated letter.
[[noreturn]] void ReplaceForever(const std::string& path) {
  for (char letter = 'a';; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
    Update(path, std::string(20'000, letter));
  }
}

bool IsComplete(const std::string& contents) {
  return contents.size() == 20'000 &&
         contents.find_first_not_of(contents.front()) == std::string::npos;
}

TEST_F(LockedFileTest, IsCompleteWheneverAnUpdaterIsKilled) {
  constexpr int kKills = 500;
  std::mt19937 random(1);
  dir_.Write("credentials", std::string(20'000, '-'));
  int left_behind = 0;
  std::set<std::string> seen;
  for (int i = 0; i < kKills; ++i) {
    const pid_t updater = fork();
    if (updater == 0) ReplaceForever(path_);
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<>(300, 6000)(random)));
    kill(updater, SIGKILL);
    waitpid(updater, nullptr, 0);
    const std::string contents = Contents(path_);
    ASSERT_TRUE(IsComplete(contents)) << "after kill " << i;
    ASSERT_EQ(ModeOf(path_), 0600U);
    seen.insert(contents.substr(0, 1));
    const auto names = NamesIn(dir_.path());
    ASSERT_LE(names.size(), 3U);
    left_behind += static_cast<int>(names.count(".credentials.credmint-new"));
  }
  EXPECT_GT(seen.size(), 1U) << "no updater got as far as to replace the file";
  EXPECT_GT(left_behind, 0) << "no updater was killed while it wrote";
  EXPECT_EQ(Update(path_, "new"), "");
  EXPECT_EQ(NamesIn(dir_.path()),
            (std::set<std::string>{"credentials", ".credentials.credmint-lock"}));
}

}  // namespace
}  // namespace credmint
