// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace {

/// A block of memory whose contents are recorded when it is freed.
const void* watched_block = nullptr;
std::size_t watched_size = 0;
std::string released_bytes;

}  // namespace

// Replaces array allocation, so that a test can see the contents of a freed block.
void* operator new[](std::size_t size) {
  void* block = malloc(size > 0 ? size : 1);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete[](void* block) noexcept {
  if (block != nullptr && block == watched_block) {
    watched_block = nullptr;
    released_bytes.assign(static_cast<const char*>(block), watched_size);
  }
  free(block);
}

void operator delete[](void* block, std::size_t /*size*/) noexcept { operator delete[](block); }

namespace credmint {
namespace {

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(std::is_nothrow_move_assignable_v<Secret>);
// There are no implicit conversions from or to text.
static_assert(!std::is_convertible_v<std::string_view, Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_constructible_v<std::string_view, Secret>);

/// Watches the memory of a secret's bytes.
void Watch(const Secret& secret) {
  released_bytes = "still held";
  watched_block = secret.Reveal().data();
  watched_size = secret.size();
}

TEST(SecretTest, IsWipedBeforeItsMemoryIsGivenBack) {
  {
    const Secret secret("1234");
    Watch(secret);
  }
  EXPECT_EQ(released_bytes, std::string(4, '\0'));
}

TEST(SecretTest, IsWipedWhenAnotherTakesItsPlace) {
  Secret secret("1234");
  Watch(secret);
  secret = Secret("567890");
  EXPECT_EQ(released_bytes, std::string(4, '\0'));
  EXPECT_EQ(secret.Reveal(), "567890");
}

TEST(SecretTest, TruncateWipesWhatItDrops) {
  Secret secret("1234567");
  const char* bytes = secret.Reveal().data();
  secret.Truncate(3);
  EXPECT_EQ(secret.Reveal(), "123");
  EXPECT_EQ(std::string(bytes, 7), std::string("123\0\0\0\0", 7));
}

TEST(SecretTest, TruncateDoesNotGrow) {
  Secret secret("123");
  secret.Truncate(3);
  secret.Truncate(100);
  EXPECT_EQ(secret.Reveal(), "123");
}

TEST(SecretTest, TakeWipesItsSource) {
  std::array<char, 4> source = {'1', '2', '\0', '4'};
  const Secret secret = Secret::Take(source);
  EXPECT_EQ(secret.Reveal(), std::string_view("12\0"
                                              "4",
                                              4));
  EXPECT_EQ(source, (std::array<char, 4>{}));
}

TEST(SecretTest, TakesNothing) { EXPECT_TRUE(Secret::Take({}).empty()); }

TEST(SecretTest, MovesWithoutLeavingACopy) {
  Secret source("1234");
  const char* bytes = source.Reveal().data();
  const Secret target = std::move(source);
  EXPECT_EQ(target.Reveal(), "1234");
  EXPECT_EQ(target.Reveal().data(), bytes);
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move): tests the moved-from object
}

TEST(SecretTest, SurvivesAssignmentToItself) {
  Secret secret("1234");
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_EQ(secret.Reveal(), "1234");
}

TEST(SecretTest, CloneIsAnotherCopy) {
  std::optional<Secret> secret(Secret("1234"));
  const Secret clone = secret->Clone();
  EXPECT_NE(clone.Reveal().data(), secret->Reveal().data());
  secret.reset();
  EXPECT_EQ(clone.Reveal(), "1234");
}

TEST(SecretTest, IsEmptyWithoutBytes) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_EQ(Secret().Clone().Reveal(), "");
  EXPECT_EQ(Secret("12").size(), 2U);
  EXPECT_FALSE(Secret("12").empty());
}

}  // namespace
}  // namespace credmint
