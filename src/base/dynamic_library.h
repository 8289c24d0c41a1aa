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
  /// `name` is the SONAME, including the ABI version that the headers describe. `package` is
  /// Debian 12's package with it, for the message.
  DynamicLibrary(std::string name, std::string package);

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
  std::string package_;
  void* library_;
  std::string failure_;
};

}  // namespace credmint
