// SPDX-License-Identifier: Apache-2.0
#include "cli/options/quoting_hint.h"

#include <string_view>

namespace credmint::cli {

std::string QuotingHint(std::span<char* const> arguments) {
  constexpr std::string_view kOption = "--cert-selector";
  constexpr std::string_view kPair = "Key=";
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    std::string_view value = arguments[i];
    if (!value.starts_with(kOption)) continue;
    value.remove_prefix(kOption.size());
    if (value.empty()) value = arguments[++i];
    if (value.starts_with('=')) value.remove_prefix(1);
    const bool more = i + 1 < arguments.size() && arguments[i + 1][0] != '-';
    if (more && value.starts_with(kPair)) {
      return "put the value of --cert-selector in single quotes: the shell splits it at its blanks";
    }
  }
  return {};
}

}  // namespace credmint::cli
