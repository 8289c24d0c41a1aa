// SPDX-License-Identifier: Apache-2.0
// Parses TOML texts, one after another, for a test in another language.
//
// A request on stdin is a line with a decimal length, followed by the text. An answer is a line
// "ok LENGTH" and JSON, or "refused LENGTH" and the reason.
//
// In JSON a TOML string is a string, a table is an object, and an array is an array. Other values
// are {"number": TEXT}, {"flag": TEXT} and {"time": TEXT}.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "config/toml.h"

namespace {

using credmint::TomlValue;

void Answer(std::string_view word, std::string_view bytes) {
  std::cout << word << ' ' << bytes.size() << '\n' << bytes << std::flush;
}

nlohmann::json ToJson(const TomlValue& value) {
  auto json = nlohmann::json::object();
  switch (value.type) {
    case TomlValue::Type::kText:
      return value.text;
    case TomlValue::Type::kNumber:
      return {{"number", value.text}};
    case TomlValue::Type::kFlag:
      return {{"flag", value.text}};
    case TomlValue::Type::kTime:
      return {{"time", value.text}};
    case TomlValue::Type::kList:
      json = nlohmann::json::array();
      for (const TomlValue& element : value.list) json.push_back(ToJson(element));
      return json;
    case TomlValue::Type::kTable:
      for (const auto& [name, element] : value.table) json[name] = ToJson(element);
      return json;
  }
  return json;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::size_t size = 0;
  while (std::cin >> size) {
    std::cin.get();
    std::string text(size, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(size));
    const auto read = credmint::ParseToml(text, "c");
    read ? Answer("ok", ToJson(*read).dump()) : Answer("refused", read.error().message);
  }
}
