// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>

namespace credmint::provider {

/// The property definition of an algorithm (property(7)), from that of its provider and from what
/// sets the algorithm apart: a text that outlives every table. Both are arrays of char with static
/// storage.
template <const auto& Provider, const auto& Own>
struct Properties {
  static constexpr auto kJoined = [] {
    std::array<char, sizeof(Provider) + sizeof(Own)> text{};
    auto* end = std::copy_n(std::begin(Provider), sizeof(Provider) - 1, text.begin());
    *end++ = ',';
    std::copy_n(std::begin(Own), sizeof(Own), end);
    return text;
  }();
  static constexpr const char* kText = kJoined.data();
};

}  // namespace credmint::provider
