// SPDX-License-Identifier: Apache-2.0
#include "base/dynamic_library.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(DynamicLibraryTest, FindsFunctions) {
  DynamicLibrary library("libm.so.6", "libc6");
  double (*root)(double) = nullptr;
  library.Find(root, "sqrt");
  ASSERT_TRUE(library.Check());
  EXPECT_EQ(root(81), 9);
}

TEST(DynamicLibraryTest, SaysWhichFunctionIsMissing) {
  DynamicLibrary library("libm.so.6", "libc6");
  void (*function)() = nullptr;
  library.Find(function, "no_such_function");
  library.Find(function, "nor_this");
  EXPECT_EQ(function, nullptr);
  ASSERT_FALSE(library.Check());
  EXPECT_EQ(library.Check().error().message, "loading libm.so.6: it has no no_such_function");
}

TEST(DynamicLibraryTest, SaysThatItIsNotInstalled) {
  DynamicLibrary library("libabsent.so.1", "libabsent1");
  void (*function)() = nullptr;
  library.Find(function, "sqrt");
  EXPECT_EQ(function, nullptr);
  ASSERT_FALSE(library.Check());
  EXPECT_TRUE(library.Check().error().message.starts_with("loading libabsent.so.1: "));
}

}  // namespace
}  // namespace credmint
