// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

struct Character {
  const char* bytes;
  std::uint32_t value;
};

// The first and the last character of each length, from table 3-7 of the Unicode Standard.
constexpr Character kCharacters[] = {{"A", 0x41},
                                     {"\xc2\x80", 0x80},
                                     {"\xdf\xbf", 0x7ff},
                                     {"\xe0\xa0\x80", 0x800},
                                     {"\xed\x9f\xbf", 0xd7ff},
                                     {"\xee\x80\x80", 0xe000},
                                     {"\xef\xbf\xbf", 0xffff},
                                     {"\xf0\x90\x80\x80", 0x10000},
                                     {"\xf4\x8f\xbf\xbf", 0x10ffff}};

TEST(Utf8Test, ReadsAndWritesTheEndsOfEachRange) {
  for (const Character& character : kCharacters) {
    const CodePoint first = FirstCodePoint(std::string(character.bytes) + "x");
    EXPECT_EQ(first.value, character.value);
    EXPECT_EQ(first.size, std::string(character.bytes).size());
    std::string written;
    AppendUtf8(written, character.value);
    EXPECT_EQ(written, character.bytes);
  }
}

TEST(Utf8Test, RefusesWhatNoCodePointIsWrittenAs) {
  for (const char* bytes :
       {"\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(FirstCodePoint(bytes).size, 0U);
  }
}

}  // namespace
}  // namespace credmint
