#include "base/printable.h"

namespace credmint {

std::string Printable(std::string_view text, std::size_t max_size) {
  constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
  std::string line;
  for (const char c : text) {
    if (line.size() >= max_size) return line + "...";
    if (kWhiteSpace.find(c) == std::string_view::npos) {
      line += c > ' ' && c <= '~' ? c : '?';
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace credmint
