// SPDX-License-Identifier: Apache-2.0
#include "base/standard_error.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace credmint {
namespace {

/// Replaces descriptor 2 by a file for the object's lifetime: the file has what a user would see.
class Shown {
 public:
  Shown() : before_(dup(STDERR_FILENO)), file_(tmpfile()) { dup2(fileno(file_), STDERR_FILENO); }
  ~Shown() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    fclose(file_);
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;

  [[nodiscard]] std::string Text() const {
    std::string text(1'000'000, '\0');
    const ssize_t count = pread(fileno(file_), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(count));
    return text;
  }

 private:
  int before_;
  FILE* file_;
};

void Print(const std::string& text) {
  ASSERT_EQ(write(STDERR_FILENO, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(StandardErrorTest, IsNotCaughtWhereNobodySaidThatItMayBe) {
  const Shown shown;
  const CaughtStandardError caught;
  Print("of others\n");
  EXPECT_EQ(caught.Text(), "");
  EXPECT_EQ(shown.Text(), "of others\n");
}

TEST(StandardErrorTest, KeepsWhatOthersPrintAndShowsWhatWeWrite) {
  AllowCatchingStandardError();
  const Shown shown;
  {
    const CaughtStandardError caught;
    Print("noise\n");
    WriteStandardError("ours\n");
    Print("more\n");
    EXPECT_EQ(caught.Text(), "noise\nmore\n");
  }
  Print("afterwards\n");
  WriteStandardError("ours too\n");
  EXPECT_EQ(shown.Text(), "ours\nafterwards\nours too\n");
}

TEST(StandardErrorTest, KeepsNoMoreThanItsBound) {
  AllowCatchingStandardError();
  const Shown shown;
  const CaughtStandardError caught;
  const std::string line(1000, 'x');
  for (int i = 0; i < 200; ++i) {
    // Writes beyond the bound fail.
    static_cast<void>(write(STDERR_FILENO, line.data(), line.size()) >= 0);
  }
  EXPECT_LE(caught.Text().size(), 65536U);
  EXPECT_GE(caught.Text().size(), 65000U);
  EXPECT_EQ(shown.Text(), "");
}

TEST(StandardErrorTest, LosesNoLineOfAnotherThread) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  AllowCatchingStandardError();
  const Shown shown;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < kLines; ++line) WriteStandardError("ours\n");
    });
  }
  for (int i = 0; i < 200; ++i) {
    const CaughtStandardError caught;
    Print("noise\n");
    EXPECT_EQ(caught.Text(), "noise\n");
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shown.Text().size(), std::size_t{5} * kThreads * kLines);
}

}  // namespace
}  // namespace credmint
