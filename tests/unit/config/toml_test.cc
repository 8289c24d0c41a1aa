// SPDX-License-Identifier: Apache-2.0
#include "config/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

// tests/system/program/toml_test.py compares the contents of texts with Python's tomllib. These
// tests cover line numbers and reasons, which tomllib does not have.

namespace credmint {
namespace {

using testing::StartsWith;

TomlValue ParseText(const std::string& text) {
  auto parsed = ParseToml(text, "c");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *std::move(parsed) : TomlValue();
}

std::string WhyRefused(const std::string& text) {
  const auto parsed = ParseToml(text, "c");
  if (parsed) return "it is not";
  EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  return parsed.error().message;
}

TEST(Toml, EachValueHasTheLineThatItBeginsIn) {
  const TomlValue root = ParseText(
      "# first\r\n"
      "a = '''\n"
      "x'''\n"
      "b.c = [\n"
      "  1,\n"
      "  2]\n"
      "\n"
      "[d.e]\n"
      "f = 1\n"
      "[d]\n");
  EXPECT_EQ(root.table.at("a").line, 2);
  EXPECT_EQ(root.table.at("b").line, 4);
  EXPECT_EQ(root.table.at("b").table.at("c").line, 4);
  EXPECT_EQ(root.table.at("b").table.at("c").list.at(1).line, 6);
  EXPECT_EQ(root.table.at("d").table.at("e").line, 8);
  EXPECT_EQ(root.table.at("d").table.at("e").table.at("f").line, 9);
  EXPECT_EQ(root.table.at("d").line, 10);
}

TEST(Toml, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(ParseText("\xef\xbb\xbf"
                      "a = 1\n")
                .table.at("a")
                .text,
            "1");
}

TEST(Toml, NumbersAreTextAsACommandLineHasThem) {
  const TomlValue root = ParseText("a = 0x1_0\nb = +1_000\nc = 2.50\n");
  EXPECT_EQ(root.table.at("a").text, "16");
  EXPECT_EQ(root.table.at("b").text, "1000");
  EXPECT_EQ(root.table.at("c").text, "2.5");
}

TEST(Toml, CharactersThatTheGrammarHasNotAreRefusedWithTheirLine) {
  for (const char* bad : {"\x01", "\x7f", "\x1b[m", "\r", "\r\r\n"}) {
    EXPECT_EQ(WhyRefused("\n# " + std::string(bad) + "x\n"),
              "c:2: invalid TOML: control characters are not allowed");
  }
  EXPECT_EQ(WhyRefused(std::string("\na = 1\0\n", 8)),
            "c:2: invalid TOML: control characters are not allowed");
  for (const char* bad : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf0\x80\x80\xaf"}) {
    EXPECT_EQ(WhyRefused("\n\n# " + std::string(bad)), "c:3: invalid TOML: a byte is not UTF-8");
  }
}

TEST(Toml, AMistakeIsInTheLineThatItBeginsIn) {
  EXPECT_EQ(WhyRefused("\na = \"x\nb = 1\n"), "c:2: invalid TOML: a text has no closing quote");
  EXPECT_EQ(WhyRefused("\na = '''x\nb = 1\n"),
            "c:2: invalid TOML: a text lacks its three closing quotes");
  EXPECT_THAT(WhyRefused("\na = [1,\n2\nb = 1\n"), StartsWith("c:2: invalid TOML: a list lacks"));
  EXPECT_EQ(WhyRefused("a = 1\n\na = 2\n"), "c:3: invalid TOML: already defined in line 1");
  EXPECT_EQ(WhyRefused("[a]\n[b]\n[a]\n"), "c:3: invalid TOML: already defined in line 1");
  EXPECT_EQ(WhyRefused("\na\n"), "c:2: invalid TOML: there is no '=' after the name");
  EXPECT_EQ(WhyRefused("\n[a\n"), "c:2: invalid TOML: a header must end with ']'");
}

TEST(Toml, AReasonRepeatsNoValue) {
  EXPECT_EQ(WhyRefused("a = geheim\n").find("geheim"), std::string::npos);
  EXPECT_EQ(WhyRefused("a = 'x' geheim\n").find("geheim"), std::string::npos);
}

TEST(Toml, DeepNestingIsRefusedNotFollowed) {
  std::string key = "a";
  for (int i = 0; i < 100000; ++i) key += ".a";
  std::string braces;
  for (int i = 0; i < 100000; ++i) braces += "{a=";
  for (const std::string& text :
       {"a = " + std::string(100000, '['), "a = " + braces, key + " = 1", "[" + key + "]"}) {
    EXPECT_EQ(WhyRefused(text), "c:1: invalid TOML: it is nested too deeply");
  }
}

}  // namespace
}  // namespace credmint
