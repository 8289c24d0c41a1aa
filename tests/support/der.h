// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace credmint::test {

/// Builds DER by hand, so that tests of a DER reader do not depend on a DER writer of ours.

inline std::vector<std::uint8_t> Join(std::initializer_list<std::vector<std::uint8_t>> parts) {
  std::vector<std::uint8_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// One X.690 element: tag, length, and contents of at most 65,535 bytes.
inline std::vector<std::uint8_t> Tlv(std::uint8_t tag, const std::vector<std::uint8_t>& contents) {
  std::vector<std::uint8_t> all = {tag};
  if (contents.size() >= 0x80) {
    all.push_back(0x82);
    all.push_back(static_cast<std::uint8_t>(contents.size() >> 8U));
  }
  all.push_back(static_cast<std::uint8_t>(contents.size()));
  all.insert(all.end(), contents.begin(), contents.end());
  return all;
}

}  // namespace credmint::test
