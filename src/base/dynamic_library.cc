// SPDX-License-Identifier: Apache-2.0
#include "base/dynamic_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace credmint {

DynamicLibrary::DynamicLibrary(std::string name)
    : name_(std::move(name)), library_(dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) failure_ = dlerror();
}

void* DynamicLibrary::Symbol(const char* name) {
  if (library_ == nullptr) return nullptr;
  void* const symbol = dlsym(library_, name);
  if (symbol == nullptr && failure_.empty()) failure_ = fmt::format("it has no {}", name);
  return symbol;
}

Result<void> DynamicLibrary::Check() const {
  if (failure_.empty()) return {};
  return Fail(ErrorCode::kInternal, fmt::format("loading {}: {}", name_, failure_),
              "is the package that provides it installed?");
}

}  // namespace credmint
