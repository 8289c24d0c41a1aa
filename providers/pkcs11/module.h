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
#include "base/mutex.h"
#include "ossl/handles.h"
#include "pkcs11/ck_error.h"

namespace credmint::pkcs11 {

/// A PKCS#11 module (a vendor's shared library, or p11-kit's proxy for all of them), loaded and
/// initialised for use by several threads. There is one for each library in the process, whatever
/// path it was named by, shared by every provider instance in it, because C_Initialize and
/// C_Finalize are per process. What it prints on stderr while it is loaded and initialised goes to
/// the log, in a program that allows it (base/standard_error.h): p11-kit's proxy loads modules that
/// the user never asked for.
///
/// Loaded without libp11: every C_GetFunctionList of p11-kit's proxy makes a new, uninitialised
/// instance, so calls of ours through a second function list would not see what libp11 initialised;
/// besides, libp11 keeps the PIN on the heap (docs/design/architecture.md has the list).
///
/// Finalised when the last user lets go, or by an exit handler that runs before the module's own
/// destructors do; from then on every call answers CKR_CRYPTOKI_NOT_INITIALIZED without entering
/// the module. So does every call in the child of a fork until Revive(), because the child must not
/// touch what its parent uses (PKCS#11 v2.40 section 6.6.2). Safe to share between threads.
///
/// What a module saw when it was initialised some see for good: SoftHSM's token whose file was
/// being rewritten just then, a reader that was plugged in later. Restart() has it look anew.
class Module {
 public:
  /// Fails with kModule when `path` cannot be loaded, is no PKCS#11 module, or does not initialise;
  /// with kLocalIo, before it is loaded, if everybody may write it.
  static Result<std::shared_ptr<Module>> Load(const std::string& path);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Calls one function of the module, named by its member of CK_FUNCTION_LIST; keeps what the
  /// module does to OpenSSL's error queue away from the caller.
  template <typename... Parameters, typename... Arguments>
  CK_RV Call(CK_RV (*CK_FUNCTION_LIST::*function)(Parameters...), Arguments&&... arguments) const {
    if (closed_ || getpid() != process_) return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (functions_->*function == nullptr) return CKR_FUNCTION_NOT_SUPPORTED;
    const std::shared_lock use(use_);
    const unsigned generation = generation_;
    const ErrorMark mark;
    const CK_RV result = (functions_->*function)(std::forward<Arguments>(arguments)...);
    if (result == CKR_CRYPTOKI_NOT_INITIALIZED) finalized_generation_ = generation;
    return result;
  }

  /// Initialises it again if somebody else in the process finalised it, or if this is the child of
  /// a fork. Costs nothing otherwise. Fails with kModule.
  Result<void> Revive();

  /// Finalises it and initialises it again. False, and nothing done, while a session of ours is
  /// open, in the midst of another thread's call, or where somebody else in the process had
  /// initialised it. Whoever initialised it after us is not known of, PKCS#11 counts no users, and
  /// loses its sessions: credmint itself has no such neighbour. Fails with kModule.
  Result<bool> Restart();

  /// To be told of each session before it is opened, for Restart(), and when it has ended or could
  /// not be opened. One of an earlier generation ended with that. Returns the generation it is of.
  unsigned SessionBegan();
  void SessionEnded(unsigned generation);

  /// Grows with each initialisation: sessions and logins of an earlier one are gone.
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
  /// Not when somebody else in the process had initialised it.
  bool finalize_ CREDMINT_GUARDED_BY(initialize_mutex_) = false;
  std::atomic<unsigned> generation_ = 0;
  std::atomic<pid_t> process_ = 0;
  std::atomic<bool> closed_ = true;
  mutable std::shared_mutex use_;  ///< by calls, and by a Restart() alone
  Mutex sessions_mutex_;
  std::size_t sessions_ CREDMINT_GUARDED_BY(sessions_mutex_) = 0;  ///< ours, of this generation
  mutable std::atomic<unsigned> finalized_generation_ = 0;  ///< the last one that somebody ended
};

}  // namespace credmint::pkcs11
