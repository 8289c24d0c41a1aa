// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace credmint {

/// A mistake in a configuration file. The message names neither the file nor the line.
struct Mistake {
  int line = 0;  ///< 0: no line is at fault
  Error what;
};

using Mistakes = std::vector<Mistake>;

/// The error for a user: the message begins with "PATH:LINE: ", in the format of compilers.
inline Error PlacedIn(const std::string& path, Mistake mistake) {
  const std::string line = mistake.line > 0 ? ":" + std::to_string(mistake.line) : "";
  return std::move(mistake.what).In(path + line);
}

}  // namespace credmint
