// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "base/secret.h"

namespace credmint {

struct JsonMember {
  std::string_view name;  ///< printable ASCII without quotes
  std::string_view value;
  bool is_text = true;  ///< else the value is JSON already, a number
};

/// One flat JSON object on one line, without its end. A Secret, because values may be: no copy of
/// one stays behind.
Secret FormatJsonObject(std::span<const JsonMember> members);

}  // namespace credmint
