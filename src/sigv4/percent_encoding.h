// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// Every byte but A-Z a-z 0-9 - _ . ~ and those of `keep` as %XX with upper-case digits.
std::string PercentEncode(std::string_view text, std::string_view keep = {});

/// The inverse. A '%' without two hexadecimal digits behind it stays; '+' is not a blank.
std::string PercentDecode(std::string_view text);

}  // namespace credmint
