// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace credmint {

/// Returns the one of `names` closest to `typed` by optimal string alignment: the fewest
/// insertions, deletions, substitutions and swaps of neighbouring letters. One edit is always
/// allowed, and otherwise up to a third of the length of `typed`. Empty if no name is that close.
std::string_view ClosestName(std::string_view typed, std::span<const std::string_view> names);

/// Returns a hint: "did you mean 'NAME'?", or a list of all names if none is close.
std::string DidYouMean(std::string_view typed, std::span<const std::string_view> names);

}  // namespace credmint
