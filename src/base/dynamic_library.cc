// SPDX-License-Identifier: Apache-2.0
#include "base/dynamic_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace credmint {

DynamicLibrary::DynamicLibrary(std::string name, std::string package)
    : name_(std::move(name)),
      package_(std::move(package)),
      library_(dlopen(name_.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
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
              fmt::format("install the package that has it, {} in Debian 12", package_));
}

}  // namespace credmint
