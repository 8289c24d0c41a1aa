// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace credmint {

/// One block of PEM text.
struct PemBlock {
  std::string_view label;  ///< "CERTIFICATE"
  std::string_view text;   ///< including its BEGIN line and, if there is one, its END line
  std::size_t line = 1;    ///< of the BEGIN line, counted from 1
  bool is_whole = true;    ///< its END line exists
  bool is_indented = false;
};

/// Returns the blocks of a text, in order, as views into it. Text between blocks is skipped. A
/// block without an END line ends where the next one begins.
std::vector<PemBlock> FindPemBlocks(std::string_view text);

}  // namespace credmint
