// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/at_end.h"
#include "base/foreign_call.h"
#include "base/foreign_code.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/read_file.h"
#include "base/shown_value.h"
#include "base/standard_error.h"
#include "pkcs11/module_advice.h"
#include "pkcs11/module_needs.h"

namespace credmint::pkcs11 {

/// The loaded modules, by the handle of dlopen(). Never destroyed: the exit handler may need it
/// after static destructors have begun to run.
struct Module::Registry {
  struct Entry {
    std::weak_ptr<Module> module;
    bool alive = false;  ///< true until it is finalised, after its last user
  };
  std::map<void*, Entry> entries;

  static Guarded<Registry>& Get() {
    static auto* const kRegistry = new Guarded<Registry>;
    return *kRegistry;
  }
};

namespace {

constexpr int kTriesToBeAlone = 20;

/// Logs the module's output for --debug. Returns the last line, for the error of a failure.
std::string LogWhatItPrinted(const std::string& path, const CaughtStandardError& caught) {
  constexpr std::size_t kLongest = 200;
  std::string last;
  std::istringstream text(caught.Text());
  for (std::string line; std::getline(text, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    LogDebug(fmt::format("{} prints: {}", path, line));
    last = line;
  }
  return last.empty() ? "" : fmt::format(" (it prints: {})", Printable(last.substr(0, kLongest)));
}

Result<void*> OpenLibrary(const std::string& path) {
  LogDebug(fmt::format("loading the PKCS#11 module {}", path));
  ForeignCode::Announce([&] { return NeedsOf(path); });
  const ErrorMark mark;
  const CaughtStandardError caught;
  void* const library = [&] {
    const ForeignCall call("dlopen");
    return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }();
  const std::string printed = LogWhatItPrinted(path, caught);
  if (library != nullptr) return library;
  std::string reason = dlerror();
  if (reason.starts_with(path + ": ")) reason.erase(0, path.size() + 2);
  return Fail(ErrorCode::kModule, reason + printed, Remedy::kNameModule);
}

/// Where the token is far away, C_Initialize is the call that misses it. Only parameters are a
/// setting.
Error CannotBeInitialized(const std::string& path, CK_RV result, const std::string& printed) {
  const std::string what = fmt::format("C_Initialize: {}{}", CkName(result), printed);
  if (result == CKR_ARGUMENTS_BAD) {
    return {ErrorCode::kModule, what, AdviceOnInitializing(path, result)};
  }
  return {ErrorCode::kModuleFailed, what, AdviceOnInitializing(path, result)};
}

}  // namespace

Result<std::shared_ptr<Module>> Module::Load(const std::string& path) {
  const std::string clause = fmt::format("loading the PKCS#11 module {}", ShownPath(path));
  // Loading a module runs it. A bare name is found in the folders of the system's loader.
  if (path.find('/') != std::string::npos) {
    if (auto safe = CheckNotWrittenByAll(path); !safe) return Fail(std::move(safe), clause);
    std::error_code failed;
    if (std::filesystem::is_directory(path, failed)) {
      return Fail(ErrorCode::kModule, clause + ": it is a directory", Remedy::kNameModule);
    }
  }
  auto library = OpenLibrary(path);
  if (!library) return Fail(std::move(library), clause);
  for (;; std::this_thread::yield()) {
    const auto registry = Registry::Get().Lock();
    Registry::Entry& entry = registry->entries[*library];
    if (auto loaded = entry.module.lock()) {
      dlclose(*library);  // a reference; the loaded module has its own
      return loaded;
    }
    if (entry.alive) continue;  // another thread is about to finalise it
    std::unique_ptr<Module> module(new Module(path, *library));
    if (auto opened = module->Open(); !opened) return Fail(std::move(opened), clause);
    // Registered after the module is loaded, so that it runs before the module's own exit handlers.
    // SoftHSM crashes if it is finalised after its destructors ran.
    AtEnd(FinalizeAll);
    entry.alive = true;
    std::shared_ptr<Module> shared(module.release(), Destroy);
    entry.module = shared;
    return shared;
  }
}

void Module::Destroy(Module* module) {
  const auto registry = Registry::Get().Lock();
  registry->entries[module->library_].alive = false;
  delete module;
}

Module::~Module() {
  Finalize();
  dlclose(library_);
}

Result<void> Module::Open() {
  const ErrorMark mark;
  const auto get_functions =
      reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
  if (get_functions == nullptr) {
    return Fail(ErrorCode::kModule, "it is a shared library but not a PKCS#11 module",
                Remedy::kNameModule);
  }
  const CK_RV result = [&] {
    const ForeignCall call("C_GetFunctionList");
    return get_functions(&functions_);
  }();
  if (result != CKR_OK || functions_ == nullptr) {
    return Fail(ErrorCode::kModule, fmt::format("C_GetFunctionList: {}", CkName(result)));
  }
  const MutexLock lock(initialize_mutex_);
  if (auto initialized = Initialize(); !initialized) return initialized;
  closed_ = false;
  return {};
}

Result<void> Module::Initialize() {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CaughtStandardError caught;
  const CK_RV result = [&] {
    const ForeignCall call("C_Initialize");
    return functions_->C_Initialize(&arguments);
  }();
  ForeignCode::NoteInitialized();
  const std::string printed = LogWhatItPrinted(path_, caught);
  if (result != CKR_OK && result != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    return Fail(CannotBeInitialized(path_, result, printed));
  }
  const bool ours_before = finalize_ && getpid() == process_;
  finalize_ = result == CKR_OK || ours_before;
  process_ = getpid();
  const MutexLock lock(sessions_mutex_);
  sessions_ = 0;
  ++generation_;
  return {};
}

Result<void> Module::Revive() {
  const auto alive = [this] {
    return finalized_generation_ != generation_ && getpid() == process_;
  };
  if (closed_ || alive()) return {};
  const MutexLock lock(initialize_mutex_);
  if (closed_ || alive()) return {};
  const ErrorMark mark;
  if (auto initialized = Initialize(); !initialized) {
    return Fail(std::move(initialized), fmt::format("initialising {} again", path_));
  }
  AtEnd(FinalizeAll);  // the module may have loaded libraries with exit handlers of their own
  return {};
}

Result<bool> Module::Restart() {
  const MutexLock lock(initialize_mutex_);
  // Bounded, because a call may take for ever, and its thread does not exist in the child of a
  // fork.
  std::unique_lock use(use_, std::try_to_lock);
  for (int tries = 1; !use && tries < kTriesToBeAlone; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (use.try_lock()) break;
  }
  if (!use || closed_ || !finalize_ || getpid() != process_ || HasSessions()) return false;
  const ErrorMark mark;
  functions_->C_Finalize(nullptr);
  if (auto initialized = Initialize(); !initialized) {
    finalized_generation_ = generation_.load();
    return Fail(std::move(initialized), fmt::format("initialising {} again", path_));
  }
  AtEnd(FinalizeAll);  // as in Revive()
  return true;
}

bool Module::HasSessions() {
  const MutexLock lock(sessions_mutex_);
  return sessions_ > 0;
}

unsigned Module::SessionBegan() {
  const MutexLock lock(sessions_mutex_);
  ++sessions_;
  return generation_;
}

void Module::SessionEnded(unsigned generation) {
  const MutexLock lock(sessions_mutex_);
  if (generation == generation_ && sessions_ > 0) --sessions_;
}

void Module::Finalize() {
  const MutexLock lock(initialize_mutex_);
  const ErrorMark mark;
  const bool was_open = !closed_.exchange(true);
  if (was_open && finalize_ && getpid() == process_) functions_->C_Finalize(nullptr);
}

void Module::FinalizeAll() {
  std::vector<std::shared_ptr<Module>> modules;  // released after the registry
  const auto registry = Registry::Get().Lock();
  for (const auto& [library, entry] : registry->entries) {
    if (auto module = entry.module.lock()) modules.push_back(std::move(module));
  }
  for (const auto& module : modules) module->Finalize();
}

}  // namespace credmint::pkcs11
