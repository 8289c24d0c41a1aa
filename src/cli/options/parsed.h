// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace credmint::cli {

/// The reason that options were refused, and the options at fault, by their names without dashes.
/// For a configuration file, the message names the line of the first of them that the file sets.
struct Refusal {
  Error error;
  std::vector<std::string_view> options;
};

/// In the order of the checks. A command reports the first, `config check` all.
using Refusals = std::vector<Refusal>;

/// The result of parsing options. Refusals are never empty.
template <typename T>
using Parsed = tl::expected<T, Refusals>;

/// Adds a refusal if the result is a failure: `Note(refusals, result, {"region"});`
template <typename T>
void Note(Refusals& refusals, const Result<T>& result,
          std::initializer_list<std::string_view> options) {
  if (!result) refusals.push_back({result.error(), options});
}

/// Keeps the first error alone, for commands that read flags only.
template <typename T>
Result<T> WithoutPlace(Parsed<T>&& parsed) {
  if (parsed) return *std::move(parsed);
  return tl::unexpected(std::move(parsed).error().front().error);
}

}  // namespace credmint::cli
