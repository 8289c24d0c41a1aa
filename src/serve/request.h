// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credmint::serve {

/// The program at the other end of a connection. Beyond loopback its user cannot be known.
struct Client {
  bool is_local = true;            ///< it is connected over loopback
  std::optional<uid_t> user = {};  ///< who created its socket; nothing: unknown
  std::uint64_t inode = 0;         ///< of that socket; 0: unknown
};

/// A request as a value. It has no body: none of the interfaces accepts one.
struct Request {
  std::string method;
  std::string path;  ///< decoded, without the query
  std::vector<std::pair<std::string, std::string>> headers;
  Client client;
};

/// Returns the value of the field with that name, ignoring case. Returns nothing if there is no
/// such field, or several, because the value would be ambiguous.
std::optional<std::string_view> FindHeader(const Request& request, std::string_view name);

bool HasHeader(const Request& request, std::string_view name);

}  // namespace credmint::serve
