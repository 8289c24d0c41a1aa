// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "base/secret.h"

namespace credmint {

struct JsonMember {
  std::string_view name;  ///< printable ASCII without quotes
  std::string_view value;
  bool is_text = true;  ///< otherwise the value is JSON already, such as a number
};

/// Formats one flat JSON object on one line, without a line end. The result is a Secret because
/// values may be secret; no copy of a value is left behind.
Secret FormatJsonObject(std::span<const JsonMember> members);

}  // namespace credmint
