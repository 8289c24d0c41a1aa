// SPDX-License-Identifier: Apache-2.0
#include "ossl/pem_blocks.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(PemBlocksTest, FindsNoneWhereThereIsNone) {
  for (const char* text : {"", "text", "-----BEGIN", "-----END X-----"}) {
    EXPECT_TRUE(FindPemBlocks(text).empty()) << text;
  }
}

TEST(PemBlocksTest, SaysWhereEachBeginsAndEnds) {
  const auto blocks = FindPemBlocks(
      "a\n-----BEGIN A B-----\nAA==\n-----END A B-----\nx\n-----BEGIN C-----\n"
      "-----END C-----");
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].label, "A B");
  EXPECT_EQ(blocks[0].text, "-----BEGIN A B-----\nAA==\n-----END A B-----");
  EXPECT_EQ(blocks[0].line, 2U);
  EXPECT_TRUE(blocks[0].is_whole);
  EXPECT_FALSE(blocks[0].is_indented);
  EXPECT_EQ(blocks[1].label, "C");
  EXPECT_EQ(blocks[1].line, 6U);
  EXPECT_TRUE(blocks[1].is_whole);
}

TEST(PemBlocksTest, OneWithoutItsEndDoesNotTakeThatOfTheNext) {
  const auto blocks = FindPemBlocks("-----BEGIN A-----\nAA\n-----BEGIN A-----\n-----END A-----\n");
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_FALSE(blocks[0].is_whole);
  EXPECT_EQ(blocks[0].text, "-----BEGIN A-----\nAA\n");
  EXPECT_TRUE(blocks[1].is_whole);
}

TEST(PemBlocksTest, CutOffInItsFirstLine) {
  const auto blocks = FindPemBlocks("-----BEGIN PRIV");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].label, "PRIV");
  EXPECT_FALSE(blocks[0].is_whole);
}

TEST(PemBlocksTest, KnowsBlanksBeforeABlock) {
  for (const char* text : {"  -----BEGIN A-----", "\t-----BEGIN A-----", "key:\n  -----BEGIN A-"}) {
    ASSERT_EQ(FindPemBlocks(text).size(), 1U);
    EXPECT_TRUE(FindPemBlocks(text)[0].is_indented) << text;
  }
}

}  // namespace
}  // namespace credmint
