// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/softhsm_configuration.h"

#include <stdlib.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/read_file.h"

namespace credmint::pkcs11 {
namespace {

constexpr std::size_t kLongestConfiguration = 64 << 10;

std::string VariableOr(const char* name, std::string_view fallback) {
  const char* value = getenv(name);
  return value != nullptr && *value != '\0' ? value : std::string(fallback);
}

std::string Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::vector<std::string> Places() {
  const std::string named = VariableOr("SOFTHSM2_CONF", "");
  if (!named.empty()) return {named};
  return {VariableOr("HOME", "") + "/.config/softhsm2/softhsm2.conf", "/etc/softhsm/softhsm2.conf",
          "/etc/softhsm2.conf", "/usr/local/etc/softhsm2.conf"};
}

std::string TokenFolder(std::string_view contents) {
  std::istringstream lines{std::string(contents)};
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    if (Trim(line.substr(0, equals)) == "directories.tokendir")
      return Trim(line.substr(equals + 1));
  }
  return {};
}

}  // namespace

std::optional<SoftHsmConfiguration> FindSoftHsmConfiguration() {
  for (const std::string& file : Places()) {
    const auto contents = ReadFile(file, kLongestConfiguration, FileAccess::kAny);
    if (contents) return SoftHsmConfiguration{file, TokenFolder(contents->Reveal())};
  }
  return std::nullopt;
}

}  // namespace credmint::pkcs11
