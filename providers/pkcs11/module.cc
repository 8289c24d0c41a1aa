#include "pkcs11/module.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <map>

#include "base/guarded.h"

namespace credmint::pkcs11 {

/// The modules that are loaded. Never destroyed: the exit handler needs it after static destructors
/// may have begun.
struct Module::Registry {
  std::map<std::string, std::weak_ptr<Module>> modules;
  bool exit_handler_set = false;

  static Guarded<Registry>& Get() {
    static auto* const kRegistry = new Guarded<Registry>;
    return *kRegistry;
  }
};

Result<std::shared_ptr<Module>> Module::Load(const std::string& path) {
  const auto registry = Registry::Get().Lock();
  if (auto loaded = registry->modules[path].lock()) return loaded;

  const std::shared_ptr<Module> module(new Module(path));
  if (auto opened = module->Open(); !opened) {
    return Fail(std::move(opened), fmt::format("loading the PKCS#11 module {}", path));
  }
  // Registered after the module is in memory, so that it runs before the module's own exit
  // handlers: SoftHSM crashes when it is finalised after its destructors ran.
  if (!registry->exit_handler_set) registry->exit_handler_set = atexit(FinalizeAll) == 0;
  registry->modules[path] = module;
  return module;
}

Module::~Module() {
  Finalize();
  if (library_ != nullptr) dlclose(library_);
}

Result<void> Module::Open() {
  const ErrorMark mark;
  library_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    std::string reason = dlerror();
    if (reason.starts_with(path_ + ": ")) reason.erase(0, path_.size() + 2);
    return Fail(ErrorCode::kModule, std::move(reason),
                "name the module with --pkcs11-lib or the URI's module-path");
  }
  const auto get_functions =
      reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
  if (get_functions == nullptr) {
    return Fail(ErrorCode::kModule, "it is a shared library but not a PKCS#11 module");
  }
  CK_RV result = get_functions(&functions_);
  if (result != CKR_OK || functions_ == nullptr) {
    return Fail(ErrorCode::kModule, fmt::format("C_GetFunctionList: {}", CkName(result)));
  }
  const std::lock_guard lock(initialize_mutex_);
  if (auto initialized = Initialize(); !initialized) return initialized;
  closed_ = false;
  return {};
}

Result<void> Module::Initialize() {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV result = functions_->C_Initialize(&arguments);
  if (result != CKR_OK && result != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    return Fail(ErrorCode::kModule, fmt::format("C_Initialize: {}", CkName(result)));
  }
  finalize_ = result == CKR_OK;
  finalized_ = false;
  process_ = getpid();
  ++generation_;
  return {};
}

Result<void> Module::Revive() {
  const auto alive = [this] { return !finalized_ && getpid() == process_; };
  if (closed_ || alive()) return {};
  const std::lock_guard lock(initialize_mutex_);
  if (closed_ || alive()) return {};
  const ErrorMark mark;
  if (auto initialized = Initialize(); !initialized) {
    return Fail(std::move(initialized), fmt::format("initialising {} again", path_));
  }
  return {};
}

void Module::Finalize() {
  const std::lock_guard lock(initialize_mutex_);
  const ErrorMark mark;
  const bool was_open = !closed_.exchange(true);
  if (was_open && finalize_ && getpid() == process_) functions_->C_Finalize(nullptr);
}

void Module::FinalizeAll() {
  const auto registry = Registry::Get().Lock();
  for (const auto& [path, weak] : registry->modules) {
    if (const auto module = weak.lock()) module->Finalize();
  }
}

}  // namespace credmint::pkcs11
