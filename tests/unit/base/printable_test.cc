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

}  // namespace
}  // namespace credmint
