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

/// The result of parsing options.
template <typename T>
using Parsed = tl::expected<T, Refusal>;

/// Passes a failure on and names the options at fault:
/// `return Refuse(std::move(result), {"region"});`
template <typename T>
tl::unexpected<Refusal> Refuse(Result<T>&& failed,
                               std::initializer_list<std::string_view> options = {}) {
  return tl::unexpected(Refusal{std::move(failed).error(), options});
}

/// Keeps the error alone, for commands that read flags only.
template <typename T>
Result<T> WithoutPlace(Parsed<T>&& parsed) {
  if (parsed) return *std::move(parsed);
  return tl::unexpected(std::move(parsed).error().error);
}

}  // namespace credmint::cli
