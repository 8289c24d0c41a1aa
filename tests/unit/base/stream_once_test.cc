// SPDX-License-Identifier: Apache-2.0
#include "base/stream_once.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace credmint {
namespace {

/// The read end of a pipe that holds `contents`.
int PipeWith(std::string_view contents) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  EXPECT_EQ(write(ends[1], contents.data(), contents.size()),
            static_cast<ssize_t>(contents.size()));
  close(ends[1]);
  return ends[0];
}

TEST(StreamOnceTest, GivesWhoeverAsksAgainTheSame) {
  const int descriptor = PipeWith("a key");
  for (int i = 0; i < 3; ++i) {
    const auto contents = ReadStreamOnce(descriptor, "fd:N");
    ASSERT_TRUE(contents.has_value()) << contents.error().message;
    EXPECT_EQ(contents->Reveal(), "a key");
  }
  // The descriptor stays open: contents are cached by its number, which the next test would get.
}

TEST(StreamOnceTest, KeepsAFailureBecauseTheRestIsNotTheWhole) {
  const int empty = PipeWith("");
  const int full = PipeWith("the rest");
  for (int i = 0; i < 2; ++i) {
    const auto failed = ReadStreamOnce(empty, "fd:N");
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().message, "cannot read fd:N: it is empty");
    ASSERT_EQ(dup2(full, empty), empty);
  }
  close(full);  // `empty` stays open for the same reason
}

}  // namespace
}  // namespace credmint
