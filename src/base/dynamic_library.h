// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace credmint {

/// A shared library that is loaded when it is needed, because linking it would cost every start of
/// the program more than all it does itself; it stays for the life of the process.
class DynamicLibrary {
 public:
  /// `name` is the library's SONAME, with the version of the ABI that the headers describe.
  explicit DynamicLibrary(std::string name);

  /// Sets `function`, a pointer, to the function of this name; to null where that fails.
  template <typename Function>
  void Find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(Symbol(name));
  }

  /// The first thing that failed: kInternal, "loading NAME: ...".
  [[nodiscard]] Result<void> Check() const;

 private:
  void* Symbol(const char* name);

  std::string name_;
  void* library_;
  std::string failure_;
};

}  // namespace credmint
