// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <strings.h>

namespace credmint {

std::optional<std::string_view> FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [each, value] : headers) {
    if (each.size() == name.size() && strncasecmp(each.data(), name.data(), name.size()) == 0) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace credmint
