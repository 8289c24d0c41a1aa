// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credmint::serve {

/// A request as a value. It has no body: none of the interfaces accepts one.
struct Request {
  std::string method;
  std::string path;  ///< decoded, without the query
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Returns the value of the field with that name, ignoring case. Returns nothing if there is no
/// such field, or several, because the value would be ambiguous.
std::optional<std::string_view> FindHeader(const Request& request, std::string_view name);

bool HasHeader(const Request& request, std::string_view name);

}  // namespace credmint::serve
