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
    const std::size_t label_begin = begin + kBegin.size();
    const std::size_t label_end =
        std::min(text.find(kDashes, label_begin), text.find_first_of("\r\n", label_begin));
    const std::size_t next = text.find(kBegin, label_begin);
    PemBlock block;
    block.label = text.substr(label_begin, label_end - label_begin);
    const std::string end_line = "-----END " + std::string(block.label) + "-----";
    const std::size_t end = text.find(end_line, label_begin);
    block.is_whole = end < next;  // npos is the largest
    block.text = text.substr(begin, (block.is_whole ? end + end_line.size() : next) - begin);
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
