// SPDX-License-Identifier: Apache-2.0
#include "config/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Configuration Parse(const std::string& text) {
  auto parsed = ParseConfiguration(text, "c.toml");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *std::move(parsed) : Configuration();
}

Error FailureOf(const std::string& text) {
  const auto parsed = ParseConfiguration(text, "c.toml");
  EXPECT_FALSE(parsed) << text;
  return parsed ? Error() : parsed.error();
}

TEST(Configuration, KeepsSectionsAndSettingsInTheOrderOfTheFile) {
  const Configuration file = Parse(
      "debug = true\n"
      "[role.z]\n"
      "session-duration = 900\n"
      "region = 'eu-central-1'\n"
      "[role.\"a.b\"]\n"
      "[identity.hsm]\n"
      "provider = ['a', 'b']\n"
      "[serve]\n"
      "port = 0x10\n"
      "[defaults]\n"
      "timeout = 2.5\n");
  EXPECT_EQ(file.program.settings,
            std::vector{(Setting{"debug", Setting::Type::kFlag, {"true"}, 1})});
  ASSERT_EQ(file.roles.size(), 2);
  EXPECT_EQ(file.roles[0].name, "z");
  EXPECT_EQ(file.roles[0].line, 2);
  EXPECT_THAT(file.roles[0].settings,
              ElementsAre(Setting{"session-duration", Setting::Type::kNumber, {"900"}, 3},
                          Setting{"region", Setting::Type::kText, {"eu-central-1"}, 4}));
  EXPECT_EQ(file.roles[1].name, "a.b");
  ASSERT_EQ(file.identities.size(), 1);
  EXPECT_THAT(file.identities[0].Find("provider")->values, ElementsAre("a", "b"));
  EXPECT_EQ(file.identities[0].Find("debug"), nullptr);
  EXPECT_EQ(file.serve.Find("port")->values.front(), "16");
  EXPECT_EQ(file.defaults.Find("timeout")->values.front(), "2.5");
  EXPECT_EQ(file.At(7), "c.toml:7");
}

TEST(Configuration, AnEmptyFileHasNothing) {
  const Configuration file = Parse("# nothing\n");
  EXPECT_THAT(file.roles, IsEmpty());
  EXPECT_THAT(file.program.settings, IsEmpty());
}

struct Bad {
  const char* text;
  const char* message;
  const char* hint;
};

TEST(Configuration, SaysWhatIsWrongAndWhere) {
  const Bad bad[] = {
      {"\nport 9911\n", "c.toml:2: invalid TOML: ", ""},
      {"a = 1\na = 2\n", "c.toml:2: invalid TOML: ", ""},
      {"a = '\xff'\n", "c.toml:1: invalid TOML: a byte is not UTF-8", ""},
      {"\n# \x01\n", "c.toml:2: invalid TOML: control characters are not allowed", ""},
      {"\n[role.web]\nrole-arn = 'arn\nregion = 'x'\n",
       "c.toml:3: invalid TOML: a text has no closing quote", ""},
      {"[role.web]\nrole-arn = arn\n", "c.toml:2: invalid TOML: the value is not text in quotes",
       "text must be in quotes"},
      {"[role.web]\nrole-arn = arn'\n\n", "c.toml:2: invalid TOML: ", "text must be in quotes"},
      {"\n[roles.web]\n", "c.toml:2: there is no table [roles]", "did you mean 'role'?"},
      {"[web]\n", "c.toml:1: there is no table [web]", "possible: serve, defaults, identity, role"},
      {"role = 'web'\n", "c.toml:1: role is not a table", "[role.NAME]"},
      {"[role]\nrole-arn = 'x'\n", "c.toml:2: [role] may hold only tables", "[role.NAME]"},
      {"serve = 1\n", "c.toml:1: serve is not a table", "[serve]"},
      {"[[role]]\n", "role is not a table", "[role.NAME]"},
      {"[[role.web]]\n", "[role] may hold only tables", "[role.NAME]"},
      {"[role.'a/b']\n", "c.toml:1: 'a/b' is not a valid name for [role.NAME]", "1 to 64 letters"},
      {"[identity.'']\n", "c.toml:1: '' is not a valid name for [identity.NAME]",
       "1 to 64 letters"},
      {"[role.web]\n\ndate = 2026-01-01\n", "c.toml:3: date is not text, a number", ""},
      {"[role.web]\nsub = {a = 1}\n", "c.toml:2: sub is not text, a number", ""},
      {"[role.web]\nlist = [1]\n", "c.toml:2: list is not text, a number", ""},
  };
  for (const Bad& each : bad) {
    const Error error = FailureOf(each.text);
    EXPECT_EQ(error.code, ErrorCode::kUsage) << each.text;
    EXPECT_THAT(error.message, HasSubstr(each.message)) << each.text;
    EXPECT_THAT(error.hint, HasSubstr(each.hint)) << each.text;
    EXPECT_EQ(error.message.find('\n'), std::string::npos) << each.text;
  }
}

TEST(Configuration, DeepNestingIsRefusedNotFollowed) {
  const std::string deep = "a = " + std::string(100000, '[') + std::string(100000, ']');
  EXPECT_THAT(FailureOf(deep).message, HasSubstr("invalid TOML"));
}

TEST(Configuration, NamesAllMistakesInTheOrderOfTheFileAndKeepsTheRest) {
  Mistakes mistakes;
  const Configuration file = ParseConfiguration(
      "date = 2026-01-01\n"
      "[roles.web]\n"
      "[identity.'a b']\n"
      "[identity.hsm]\n"
      "list = [1]\n"
      "certificate = 'c'\n"
      "[role]\n"
      "web = 1\n",
      "c.toml", mistakes);
  std::vector<int> lines;
  for (const Mistake& mistake : mistakes) {
    lines.push_back(mistake.line);
    EXPECT_THAT(mistake.what.message, testing::Not(HasSubstr("c.toml")));
  }
  EXPECT_THAT(lines, ElementsAre(1, 2, 3, 5, 8));
  ASSERT_EQ(file.identities.size(), 1);
  EXPECT_EQ(file.identities[0].Find("certificate")->values.front(), "c");
}

TEST(Configuration, TextThatIsNoTomlIsTheOnlyMistake) {
  Mistakes mistakes;
  const Configuration file = ParseConfiguration("a = 1\n[b\nc = 2\n", "c.toml", mistakes);
  ASSERT_EQ(mistakes.size(), 1);
  EXPECT_EQ(mistakes.front().line, 2);
  EXPECT_THAT(file.program.settings, IsEmpty());
}

}  // namespace
}  // namespace credmint
