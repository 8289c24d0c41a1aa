// SPDX-License-Identifier: Apache-2.0
// Reads TOML texts, one after the other, for a test in another language.
//
// Each request on stdin is a line with a decimal length, followed by these bytes. Each answer is a
// line "ok LENGTH" or "refused LENGTH", and JSON of what was read or the reason. A text is a JSON
// text, a table an object, a list an array, and {"number": TEXT}, {"flag": TEXT}, {"time": TEXT}
// are the rest.

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
