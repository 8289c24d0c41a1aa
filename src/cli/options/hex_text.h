// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "ossl/handles.h"

namespace credmint::cli {

/// The bytes of hexadecimal text, two digits each, in upper or lower case. Nothing if it is no such
/// text.
std::optional<Bytes> ParseHex(std::string_view text);

}  // namespace credmint::cli
