// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// Encodes every byte as %XX with upper-case digits, except A-Z a-z 0-9 - _ . ~ and the bytes in
/// `keep`.
std::string PercentEncode(std::string_view text, std::string_view keep = {});

/// Decodes %XX. A '%' without two hexadecimal digits after it is kept. '+' is not a blank.
std::string PercentDecode(std::string_view text);

}  // namespace credmint
