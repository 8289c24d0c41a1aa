// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace credmint {

/// The table of functions of a library that is loaded when the first of them is needed, once, by
/// `find` (DynamicLibrary). Never destroyed: exit handlers and threads of the library may still
/// call it. Safe to use from any thread.
template <typename Functions, Result<void> (*find)(Functions&)>
class LoadedOnce {
 public:
  /// What `find` returned.
  static const Result<void>& Check() { return Get().result_; }

  /// To be called after Check() succeeded.
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
