// SPDX-License-Identifier: Apache-2.0
#include "base/write_all.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace credmint {
namespace {

TEST(WriteAllTest, WritesMoreThanAPipeHoldsAtOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const std::string text(1 << 20, 'x');
  std::string read_back;
  std::thread reader([&] {
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = read(ends[0], part.data(), part.size())) > 0;) {
      read_back.append(part.data(), static_cast<std::size_t>(count));
    }
  });
  EXPECT_TRUE(WriteAll(ends[1], text));
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(read_back.size(), text.size());
}

TEST(WriteAllTest, LeavesTheReasonInErrno) {
  errno = 0;
  EXPECT_FALSE(WriteAll(-1, "x"));
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace credmint
