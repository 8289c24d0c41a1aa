// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/guarded.h"

namespace credmint::keyprocess {

/// The output of a key process, line by line. Modules print what they like, and as much as they
/// like, so a long line is cut.
class OutputLines {
 public:
  explicit OutputLines(std::function<void(const std::string&)> on_line)
      : on_line_(std::move(on_line)) {}

  void Add(std::string_view bytes);

  /// The last line that is not blank, also if it has no end yet.
  [[nodiscard]] std::string Last() const;

 private:
  struct State {
    std::string line;  ///< not ended yet
    std::string last;
  };

  std::function<void(const std::string&)> on_line_;
  mutable Guarded<State> state_;
};

}  // namespace credmint::keyprocess
