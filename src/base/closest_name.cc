// SPDX-License-Identifier: Apache-2.0
#include "base/closest_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace credmint {
namespace {

constexpr std::size_t kLongest = 64;

std::size_t Distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last;
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    before_last = std::exchange(last, std::exchange(row, std::vector(right.size() + 1, i)));
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = left[i - 1] == right[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool turned =
          i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (turned) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string_view ClosestName(std::string_view typed, std::span<const std::string_view> names) {
  if (typed.size() > kLongest) return {};
  std::string_view closest;
  std::size_t least = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const std::string_view name : names) {
    const std::size_t distance = Distance(typed, name);
    if (distance >= least) continue;
    least = distance;
    closest = name;
  }
  return closest;
}

std::string DidYouMean(std::string_view typed, std::span<const std::string_view> names) {
  const std::string_view closest = ClosestName(typed, names);
  if (!closest.empty()) return fmt::format("did you mean '{}'?", closest);
  return fmt::format("possible: {}", fmt::join(names, ", "));
}

}  // namespace credmint
