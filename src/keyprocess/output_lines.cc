// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/output_lines.h"

#include <algorithm>

#include "base/printable.h"

namespace credmint::keyprocess {
namespace {

constexpr std::size_t kLongestLine = 200;

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

void OutputLines::Add(std::string_view bytes) {
  const auto state = state_.Lock();
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    const std::size_t room = kLongestLine - std::min(state->line.size(), kLongestLine);
    state->line += part.substr(0, room);
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (!IsBlank(state->line)) {
      state->last = Printable(state->line);
      on_line_(state->last);
    }
    state->line.clear();
  }
}

std::string OutputLines::Last() const {
  const auto state = state_.Lock();
  return IsBlank(state->line) ? state->last : Printable(state->line);
}

}  // namespace credmint::keyprocess
