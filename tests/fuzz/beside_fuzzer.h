// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dlfcn.h>

#include <filesystem>
#include <string>

#include "fuzz/require.h"

namespace credmint::test {

/// The path of a library in the folder of this program.
inline std::string PathBesideFuzzer(const std::string& library) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / library;
}

/// The address of a variable in such a library, which stays loaded.
template <typename T>
T& VariableBesideFuzzer(const std::string& library, const char* name) {
  void* const loaded = dlopen(PathBesideFuzzer(library).c_str(), RTLD_NOW | RTLD_LOCAL);
  Require(loaded != nullptr, "the library is beside the fuzzer");
  void* const found = dlsym(loaded, name);
  Require(found != nullptr, "the library has the variable");
  return *static_cast<T*>(found);
}

}  // namespace credmint::test
