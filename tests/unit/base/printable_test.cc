// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(PrintableTest, ReplacesWhatATerminalWouldInterpret) {
  EXPECT_EQ(Printable("a\x1b[31mb\x7f\xc3\xa9"), "a?[31mb???");
}

TEST(PrintableTest, MakesOneLineOfSeveral) {
  EXPECT_EQ(Printable("\r\n one\r\n\t two \n"), "one two");
}

TEST(PrintableTest, KeepsPrintableAscii) { EXPECT_EQ(Printable("a'\"~ b"), "a'\"~ b"); }

TEST(PrintableTest, CutsLongText) {
  EXPECT_EQ(Printable("12345", 5), "12345");
  EXPECT_EQ(Printable("123456", 5), "12345...");
}

TEST(PrintableTest, IsEmptyForNothing) {
  EXPECT_EQ(Printable(""), "");
  EXPECT_EQ(Printable(" \n "), "");
}

TEST(PrintableUtf8Test, KeepsLettersOfEveryScript) {
  EXPECT_EQ(PrintableUtf8("key 'ключ' 鍵 🔑"), "key 'ключ' 鍵 🔑");
}

TEST(PrintableUtf8Test, ReplacesControlCharacters) {
  EXPECT_EQ(PrintableUtf8("a\x1b[31m\nb\x7f"), "a?[31m?b?");
  EXPECT_EQ(PrintableUtf8("\xc2\x9b"), "?") << "CSI of ISO 6429 as one character";
}

TEST(PrintableUtf8Test, ReplacesWhatTurnsTheDirectionOfWriting) {
  EXPECT_EQ(PrintableUtf8("a\u202eb\u2066c\u200f"), "a?b?c?");
}

TEST(PrintableUtf8Test, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(PrintableUtf8("\xff"), "?");
  EXPECT_EQ(PrintableUtf8("\xc3"), "?") << "cut off";
  EXPECT_EQ(PrintableUtf8("\xc3("), "?(") << "not continued";
  EXPECT_EQ(PrintableUtf8("\xc0\xaf"), "??") << "overlong";
  EXPECT_EQ(PrintableUtf8("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(PrintableUtf8("\xf4\x90\x80\x80"), "????") << "beyond U+10FFFF";
}

}  // namespace
}  // namespace credmint
