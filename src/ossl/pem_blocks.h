// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace credmint {

/// One block of a PEM text.
struct PemBlock {
  std::string_view label;  ///< "CERTIFICATE"
  std::string_view text;   ///< from its BEGIN line to its END line; what is left, without one
  std::size_t line = 1;    ///< where it begins, as editors count
  bool is_whole = true;    ///< its END line is there
  bool is_indented = false;
};

/// The blocks of a text, in its order; the views point into it. What is between them is passed
/// over. A block ends where the next one begins, if its own END line is missing.
std::vector<PemBlock> FindPemBlocks(std::string_view text);

}  // namespace credmint
