// SPDX-License-Identifier: Apache-2.0
#include "base/read_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "support/temp_dir.h"

namespace credmint {
namespace {

/// A pipe that holds `contents`, less than the kernel's buffer, and has no writer.
class FullPipe {
 public:
  explicit FullPipe(std::string_view contents) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) abort();
    reading_ = ends[0];
    if (write(ends[1], contents.data(), contents.size()) < 0) abort();
    close(ends[1]);
  }
  ~FullPipe() { close(reading_); }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  [[nodiscard]] int get() const { return reading_; }

 private:
  int reading_ = -1;
};

class ReadFileTest : public testing::Test {
 protected:
  static void ExpectFailure(const Result<Secret>& read, const std::string& message,
                            const std::string& hint = "") {
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::kLocalIo);
    EXPECT_EQ(read.error().message, message);
    EXPECT_EQ(read.error().hint, hint);
  }

  test::TempDir directory_;
};

TEST_F(ReadFileTest, NamesAMissingFile) {
  const std::string path = directory_.File("missing");
  ExpectFailure(ReadFile(path), "cannot read " + path + ": No such file or directory");
}

TEST_F(ReadFileTest, RefusesAnEmptyName) {
  ExpectFailure(ReadFile(""), "cannot read : No such file or directory");
}

TEST_F(ReadFileTest, RefusesADirectory) {
  const std::string path = directory_.path();
  ExpectFailure(ReadFile(path), "cannot read " + path + ": Is a directory");
}

TEST_F(ReadFileTest, RefusesAFileWithoutPermission) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::string path = directory_.Write("secret", "x", 0000);
  ExpectFailure(ReadFile(path), "cannot read " + path + ": Permission denied");
}

TEST_F(ReadFileTest, RefusesAnEmptyFile) {
  const std::string path = directory_.Write("empty", "");
  ExpectFailure(ReadFile(path), "cannot read " + path + ": it is empty");
}

TEST_F(ReadFileTest, RefusesAFileThatIsTooLong) {
  const std::string path = directory_.Write("long", std::string(101, 'x'));
  ExpectFailure(ReadFile(path, 100), "cannot read " + path + ": it is longer than 100 bytes");
}

TEST_F(ReadFileTest, StopsReadingWhatHasNoEnd) {
  ExpectFailure(ReadFile("/dev/zero"), "cannot read /dev/zero: it is longer than 1048576 bytes");
}

TEST_F(ReadFileTest, RefusesASecretThatOthersMayReadOrWrite) {
  for (const auto& [mode, text] : {std::pair<mode_t, const char*>{0640, "0640"},
                                   {0604, "0604"},
                                   {0620, "0620"},
                                   {0602, "0602"},
                                   {0610, "0610"},
                                   {04601, "4601"}}) {
    const std::string path = directory_.Write("secret", "1234", mode);
    ExpectFailure(ReadFile(path, kMaxFileSize, FileAccess::kOwnerOnly),
                  path + " holds a secret but others may read or write it (mode " + text + ")",
                  "chmod 600 " + path);
  }
}

TEST_F(ReadFileTest, AcceptsASecretOfItsOwnerOnly) {
  for (const mode_t mode : {0600, 0400, 0700}) {
    const std::string path = directory_.Write("secret", "1234", mode);
    const auto read = ReadFile(path, kMaxFileSize, FileAccess::kOwnerOnly);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->Reveal(), "1234");
  }
}

TEST_F(ReadFileTest, MayReadWhatEveryoneMayRead) {
  const auto read = ReadFile(directory_.Write("public", "text\n", 0666));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->Reveal(), "text\n");
}

TEST_F(ReadFileTest, ReadsUpToTheLimit) {
  const std::string contents(100, 'x');
  const auto read = ReadFile(directory_.Write("file", contents), 100);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->Reveal(), contents);
}

TEST_F(ReadFileTest, KeepsEveryByte) {
  std::string contents;
  for (int i = 0; i < 100'000; ++i) contents += static_cast<char>(i % 251);
  const auto read = ReadFile(directory_.Write("binary", contents));
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->Reveal() == contents);
}

TEST_F(ReadFileTest, ReadsADescriptorByItsName) {
  const FullPipe pipe("from a pipe");
  const auto read =
      ReadFile("/dev/fd/" + std::to_string(pipe.get()), kMaxFileSize, FileAccess::kOwnerOnly);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->Reveal(), "from a pipe");
}

TEST_F(ReadFileTest, ReadsANamedPipeWhateverItsMode) {
  const std::string path = directory_.File("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  std::thread writer([&path] {
    const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    for (const std::string_view part : {"one ", "two"}) {
      EXPECT_EQ(write(descriptor, part.data(), part.size()), std::ssize(part));
    }
    close(descriptor);
  });
  const auto read = ReadFile(path, kMaxFileSize, FileAccess::kOwnerOnly);
  writer.join();
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->Reveal(), "one two");
}

TEST_F(ReadFileTest, DescriptorThatIsNotOpenIsNamed) {
  ExpectFailure(ReadDescriptor(-1, "descriptor 9"),
                "cannot read descriptor 9: Bad file descriptor");
}

TEST_F(ReadFileTest, DescriptorWithNothingToReadIsEmpty) {
  const FullPipe pipe("");
  ExpectFailure(ReadDescriptor(pipe.get(), "stdin"), "cannot read stdin: it is empty");
}

TEST_F(ReadFileTest, DescriptorIsReadFromWhereItStandsAndStaysOpen) {
  const std::string path = directory_.Write("file", "0123456789");
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(lseek(descriptor, 4, SEEK_SET), 4);
  const auto read = ReadDescriptor(descriptor, "file");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->Reveal(), "456789");
  EXPECT_EQ(close(descriptor), 0);
}

TEST_F(ReadFileTest, WaitsForTheWriterOfANamedPipe) {
  const std::string path = directory_.File("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::ofstream(path) << "late text";
  });
  const auto read = ReadFile(path);
  writer.join();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->Reveal(), "late text");
}

TEST_F(ReadFileTest, WaitsForTheBytesOfASlowWriter) {
  const std::string path = directory_.File("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream pipe(path);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    pipe << "slow " << std::flush;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    pipe << "text";
  });
  const auto read = ReadFile(path);
  writer.join();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->Reveal(), "slow text");
}

TEST_F(ReadFileTest, DoesNotWaitForEverIfNobodyWritesIntoANamedPipe) {
  const std::string path = directory_.File("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  ExpectFailure(ReadFile(path), "cannot read " + path +
                                    ": it is a pipe, and no program has written into it for 20 "
                                    "seconds");
}

TEST_F(ReadFileTest, DoesNotWaitForAPipeThatHasNoName) {
  const FullPipe pipe("");
  const std::string path = "/dev/fd/" + std::to_string(pipe.get());
  const auto begun = std::chrono::steady_clock::now();
  ExpectFailure(ReadFile(path), "cannot read " + path + ": it is empty");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

}  // namespace
}  // namespace credmint
