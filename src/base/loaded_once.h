// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace credmint {

/// The function table of a library that `find` loads once, on first use (see DynamicLibrary). Never
/// destroyed, because exit handlers and threads of the library may still call it. Safe to use from
/// any thread.
template <typename Functions, Result<void> (*find)(Functions&)>
class LoadedOnce {
 public:
  /// Returns the result of `find`.
  static const Result<void>& Check() { return Get().result_; }

  /// Call only after Check() succeeded.
  static const Functions& Use() { return Get().functions_; }

 private:
  LoadedOnce() : result_(find(functions_)) {}

  static const LoadedOnce& Get() {
    static const auto* const kLoaded = new LoadedOnce();
    return *kLoaded;
  }

  Functions functions_;
  Result<void> result_;
};

}  // namespace credmint
