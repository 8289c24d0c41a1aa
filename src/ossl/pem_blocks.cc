// SPDX-License-Identifier: Apache-2.0
#include "ossl/pem_blocks.h"

#include <algorithm>

namespace credmint {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";

bool IsIndented(std::string_view text, std::size_t begin) {
  return begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t');
}

}  // namespace

std::vector<PemBlock> FindPemBlocks(std::string_view text) {
  std::vector<PemBlock> blocks;
  std::size_t line = 1;
  std::size_t counted = 0;
  for (std::size_t begin = text.find(kBegin); begin != std::string_view::npos;) {
    const std::size_t next = text.find(kBegin, begin + kBegin.size());
    // Searching beyond the next block would take quadratic time if many blocks had no end.
    const std::string_view own = text.substr(begin, next - begin);
    const std::string_view behind = own.substr(kBegin.size());
    PemBlock block;
    block.label = behind.substr(0, std::min(behind.find(kDashes), behind.find_first_of("\r\n")));
    const std::string end_line = "-----END " + std::string(block.label) + "-----";
    const std::size_t end = own.find(end_line);
    block.is_whole = end != std::string_view::npos;
    block.text = block.is_whole ? own.substr(0, end + end_line.size()) : own;
    line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                                                text.begin() + static_cast<std::ptrdiff_t>(begin),
                                                '\n'));
    counted = begin;
    block.line = line;
    block.is_indented = IsIndented(text, begin);
    blocks.push_back(block);
    begin = next;
  }
  return blocks;
}

}  // namespace credmint
