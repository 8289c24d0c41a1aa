// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace credmint {

/// The one of `names` that was probably meant by `typed`: where the least letters have to be put
/// in, left out, exchanged or turned with their neighbour (optimal string alignment), but one at
/// least is allowed, and a third of them at most. Empty: there is none.
std::string_view ClosestName(std::string_view typed, std::span<const std::string_view> names);

/// A hint: "did you mean 'NAME'?", else all of the names.
std::string DidYouMean(std::string_view typed, std::span<const std::string_view> names);

}  // namespace credmint
