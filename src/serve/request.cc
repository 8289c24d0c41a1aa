// SPDX-License-Identifier: Apache-2.0
#include "serve/request.h"

#include <strings.h>

#include <algorithm>

namespace credmint::serve {
namespace {

auto IsNamed(std::string_view name) {
  return [name](const auto& header) {
    return header.first.size() == name.size() &&
           strncasecmp(header.first.data(), name.data(), name.size()) == 0;
  };
}

}  // namespace

std::optional<std::string_view> FindHeader(const Request& request, std::string_view name) {
  const auto& headers = request.headers;
  const auto found = std::find_if(headers.begin(), headers.end(), IsNamed(name));
  if (found == headers.end()) return std::nullopt;
  if (std::find_if(found + 1, headers.end(), IsNamed(name)) != headers.end()) return std::nullopt;
  return found->second;
}

bool HasHeader(const Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), IsNamed(name));
}

}  // namespace credmint::serve
