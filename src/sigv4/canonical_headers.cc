// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace credmint {
namespace {

constexpr std::array<std::string_view, 3> kUnsigned = {"authorization", "user-agent",
                                                       "x-amzn-trace-id"};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string CollapseBlanks(std::string_view value) {
  std::string collapsed;
  for (const char c : value) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank) {
      collapsed += c;
    } else if (!collapsed.empty() && collapsed.back() != ' ') {
      collapsed += ' ';
    }
  }
  if (!collapsed.empty() && collapsed.back() == ' ') collapsed.pop_back();
  return collapsed;
}

}  // namespace

CanonicalHeaders CanonicalizeHeaders(const Headers& headers) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : headers) {
    const std::string lower = Lower(name);
    if (std::find(kUnsigned.begin(), kUnsigned.end(), lower) != kUnsigned.end()) continue;
    const auto [field, is_first] = values.try_emplace(lower);
    if (!is_first) field->second += ',';
    field->second += CollapseBlanks(value);
  }
  CanonicalHeaders canonical;
  for (const auto& [name, value] : values) {
    canonical.lines += fmt::format("{}:{}\n", name, value);
    if (!canonical.signed_names.empty()) canonical.signed_names += ';';
    canonical.signed_names += name;
  }
  return canonical;
}

}  // namespace credmint
