// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/percent_encoding.h"

namespace credmint {
namespace {

std::string EncodeValue(std::string_view value) {
  std::string encoded = PercentEncode(PercentDecode(value));
  for (std::size_t at = encoded.find("%3D"); at != std::string::npos;
       at = encoded.find("%3D", at)) {
    encoded.replace(at, 3, "%253D");
  }
  return encoded;
}

}  // namespace

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const std::string_view value = parameter.substr(std::min(parameter.size(), name.size() + 1));
    parameters.emplace_back(PercentEncode(PercentDecode(name)), EncodeValue(value));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    if (!canonical.empty()) canonical += '&';
    canonical += fmt::format("{}={}", name, value);
  }
  return canonical;
}

}  // namespace credmint
