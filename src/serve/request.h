// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credmint::serve {

/// A request as a value. It has no body: none of the interfaces takes one.
struct Request {
  std::string method;
  std::string path;  ///< decoded, without the query
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The value of the field of that name, whose case does not matter; nothing if there is none or
/// more than one, of which nobody can say which is meant.
std::optional<std::string_view> FindHeader(const Request& request, std::string_view name);

bool HasHeader(const Request& request, std::string_view name);

}  // namespace credmint::serve
