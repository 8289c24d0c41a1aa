// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/foreign_call.h"
#include "base/mutex.h"
#include "ossl/handles.h"
#include "pkcs11/ck_error.h"
#include "pkcs11/function_name.h"

namespace credmint::pkcs11 {

/// A PKCS#11 module: a vendor's shared library, or p11-kit's proxy for all modules. Safe to share
/// between threads.
///
/// C_Initialize and C_Finalize are per process. So there is one Module for each library in the
/// process, whatever path named it, and all provider instances share it.
///
/// In a program that allows it (base/standard_error.h), output on stderr during loading and
/// initialisation goes to the log. It may come from a module that the user never asked for and that
/// p11-kit's proxy loaded.
///
/// credmint does without libp11 (docs/design/decisions/0003-no-libp11.md). Each C_GetFunctionList
/// of p11-kit's proxy makes a new, uninitialised instance. Calls through a second function list
/// would not see what libp11 initialised. libp11 also keeps the PIN on the heap.
///
/// The last user finalises the module, or an exit handler that runs before the module's own
/// destructors. From then on, every call returns CKR_CRYPTOKI_NOT_INITIALIZED without entering the
/// module. The same holds in the child of a fork until Revive(), because the child must not touch
/// what its parent uses (PKCS#11 v2.40 section 6.6.2).
///
/// Some modules keep what they saw at initialisation. They miss a SoftHSM token whose file was
/// being rewritten at that moment, or a reader plugged in later. Restart() makes them look again.
class Module {
 public:
  /// Fails with kModule if `path` cannot be loaded, is not a PKCS#11 module, or wants parameters.
  /// Fails with kModuleFailed if it does not initialise, which may be for want of its device. Fails
  /// with kLocalIo, before loading it, if everyone may write it.
  static Result<std::shared_ptr<Module>> Load(const std::string& path);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Calls one function of the module, named by its member of CK_FUNCTION_LIST. Hides from the
  /// caller what the module does to OpenSSL's error queue.
  template <typename... Parameters, typename... Arguments>
  CK_RV Call(CK_RV (*CK_FUNCTION_LIST::*function)(Parameters...), Arguments&&... arguments) const {
    if (closed_ || getpid() != process_) return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (functions_->*function == nullptr) return CKR_FUNCTION_NOT_SUPPORTED;
    const std::shared_lock use(use_);
    const unsigned generation = generation_;
    const ErrorMark mark;
    const auto* const place = reinterpret_cast<const char*>(&(functions_->*function));
    const ForeignCall call(
        FunctionName(static_cast<std::size_t>(place - reinterpret_cast<const char*>(functions_))));
    const CK_RV result = (functions_->*function)(std::forward<Arguments>(arguments)...);
    if (result == CKR_CRYPTOKI_NOT_INITIALIZED) finalized_generation_ = generation;
    return result;
  }

  /// Initialises the module again if other code in the process finalised it, or if this is the
  /// child of a fork. Otherwise costs nothing. Fails with kModuleFailed.
  Result<void> Revive();

  /// Finalises the module and initialises it again. Fails with kModuleFailed.
  ///
  /// Returns false without doing anything if one of our sessions is open or another thread is
  /// calling the module. The same applies if other code in the process had initialised it first.
  ///
  /// PKCS#11 counts no users. Code that initialised the module after us goes unnoticed and loses
  /// its sessions; credmint itself has no such neighbour.
  Result<bool> Restart();

  /// Counts open sessions, for Restart(). Call SessionBegan() before opening a session, and
  /// SessionEnded() when it has ended or could not be opened. SessionBegan() returns the session's
  /// generation; a later initialisation ends all sessions of that generation.
  unsigned SessionBegan();
  void SessionEnded(unsigned generation);

  /// Grows with each initialisation. Sessions and logins of an earlier generation are gone.
  [[nodiscard]] unsigned generation() const { return generation_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Registry;

  Module(std::string path, void* library) : path_(std::move(path)), library_(library) {}
  static void Destroy(Module* module);
  Result<void> Open();
  Result<void> Initialize() CREDMINT_REQUIRES(initialize_mutex_);
  bool HasSessions();
  void Finalize();
  static void FinalizeAll();

  std::string path_;
  void* library_;
  CK_FUNCTION_LIST* functions_ = nullptr;
  Mutex initialize_mutex_;
  /// False if other code in the process initialised the module first.
  bool finalize_ CREDMINT_GUARDED_BY(initialize_mutex_) = false;
  std::atomic<unsigned> generation_ = 0;
  std::atomic<pid_t> process_ = 0;
  std::atomic<bool> closed_ = true;
  mutable std::shared_mutex use_;  ///< shared by calls, exclusive for Restart()
  Mutex sessions_mutex_;
  std::size_t sessions_ CREDMINT_GUARDED_BY(sessions_mutex_) = 0;  ///< ours, of this generation
  mutable std::atomic<unsigned> finalized_generation_ = 0;  ///< last one that other code ended
};

}  // namespace credmint::pkcs11
