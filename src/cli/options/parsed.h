// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace credmint::cli {

/// Why options cannot be used, and which of them are at fault, by their names without dashes: the
/// one that is named first in a configuration file is where its line is.
struct Refusal {
  Error error;
  std::vector<std::string_view> options;
};

/// What becomes of options.
template <typename T>
using Parsed = tl::expected<T, Refusal>;

/// `return Refuse(std::move(result), {"region"});` where one of these options is at fault.
template <typename T>
tl::unexpected<Refusal> Refuse(Result<T>&& failed,
                               std::initializer_list<std::string_view> options = {}) {
  return tl::unexpected(Refusal{std::move(failed).error(), options});
}

/// The failure alone, where there are only flags.
template <typename T>
Result<T> WithoutPlace(Parsed<T>&& parsed) {
  if (parsed) return *std::move(parsed);
  return tl::unexpected(std::move(parsed).error().error);
}

}  // namespace credmint::cli
