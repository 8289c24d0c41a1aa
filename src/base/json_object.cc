// SPDX-License-Identifier: Apache-2.0
#include "base/json_object.h"

#include <cstddef>
#include <string>

namespace credmint {
namespace {

/// The longest escape is that of a control character: \u001f.
constexpr std::size_t kLongestEscape = 6;
constexpr std::size_t kPunctuation = 6;  // "":"",

void AppendEscaped(std::string& json, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json += "\\u00";
      json += kDigits[byte >> 4U];
      json += kDigits[byte & 0x0fU];
    } else {
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
  }
}

void AppendMember(std::string& json, const JsonMember& member) {
  json += '"';
  json += member.name;
  json += "\":";
  if (member.is_text) {
    json += '"';
    AppendEscaped(json, member.value);
    json += '"';
  } else {
    json += member.value;
  }
}

std::size_t LongestSize(std::span<const JsonMember> members) {
  std::size_t size = 2;
  for (const JsonMember& member : members) {
    size += kPunctuation + member.name.size() + kLongestEscape * member.value.size();
  }
  return size;
}

}  // namespace

Secret FormatJsonObject(std::span<const JsonMember> members) {
  std::string json;
  json.reserve(LongestSize(members));  // growing would leave copies of secrets behind
  json += '{';
  for (const JsonMember& member : members) {
    if (json.size() > 1) json += ',';
    AppendMember(json, member);
  }
  json += '}';
  return Secret::Take(json);
}

}  // namespace credmint
