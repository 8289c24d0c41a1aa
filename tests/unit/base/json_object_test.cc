// SPDX-License-Identifier: Apache-2.0
#include "base/json_object.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace credmint {
namespace {

std::string Format(const std::vector<JsonMember>& members) {
  return std::string(FormatJsonObject(members).Reveal());
}

TEST(JsonObjectTest, EscapesWhatJsonDoesNotTake) {
  const std::string awkward("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9 \0", 14);
  EXPECT_EQ(nlohmann::json::parse(Format({{"name", awkward}}))["name"], awkward);
}

TEST(JsonObjectTest, HoldsTheLongestEscapes) {
  const std::string longest(10'000, '\x01');
  EXPECT_EQ(nlohmann::json::parse(Format({{"name", longest}}))["name"], longest);
}

TEST(JsonObjectTest, KeepsTheOrder) {
  EXPECT_EQ(Format({{"b", "x"}, {"a", "1", false}, {"c", ""}}), R"({"b":"x","a":1,"c":""})");
}

TEST(JsonObjectTest, MayBeEmpty) { EXPECT_EQ(Format({}), "{}"); }

}  // namespace
}  // namespace credmint
