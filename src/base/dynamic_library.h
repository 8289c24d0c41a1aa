// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace credmint {

/// A shared library loaded on first use and never unloaded. Linking it would make every start of
/// the program take longer than the program's own work.
class DynamicLibrary {
 public:
  /// `name` is the SONAME, including the ABI version that the headers describe.
  explicit DynamicLibrary(std::string name);

  /// Sets the function pointer `function` to the symbol `name`, or to null on failure.
  template <typename Function>
  void Find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(Symbol(name));
  }

  /// Returns the first failure: kInternal, "loading NAME: ...".
  [[nodiscard]] Result<void> Check() const;

 private:
  void* Symbol(const char* name);

  std::string name_;
  void* library_;
  std::string failure_;
};

}  // namespace credmint
