// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "pkcs11/module.h"
#include "pkcs11/pin_record.h"

namespace credmint::pkcs11 {

class Slot;

/// An open session, borrowed from its slot's pool and returned on destruction. Not for use by
/// several threads.
class Session {
 public:
  Session(Slot& slot, CK_SESSION_HANDLE handle, unsigned generation, bool reused)
      : slot_(&slot), handle_(handle), generation_(generation), reused_(reused) {}
  ~Session();
  Session(Session&& other) noexcept
      : slot_(std::exchange(other.slot_, nullptr)),
        handle_(other.handle_),
        generation_(other.generation_),
        reused_(other.reused_),
        fate_(other.fate_) {}
  Session& operator=(Session&&) = delete;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Calls a function of the module whose first parameter is the session.
  template <typename... Parameters, typename... Arguments>
  CK_RV Call(CK_RV (*CK_FUNCTION_LIST::*function)(CK_SESSION_HANDLE, Parameters...),
             Arguments&&... arguments) const;

  /// Marks a session that may have an active operation. It is closed instead of returned, so as not
  /// to confuse its next user.
  void Discard() const { fate_ = fate_ == Fate::kKeep ? Fate::kClose : fate_; }

  [[nodiscard]] Slot& slot() const { return *slot_; }
  /// Whether it came from the pool, so that its login or objects may be gone.
  [[nodiscard]] bool reused() const { return reused_; }
  /// The module's when the session was opened. Object handles are only good in this generation.
  [[nodiscard]] unsigned generation() const { return generation_; }

 private:
  enum class Fate {
    kKeep,
    kClose,
    kForget,  ///< the module no longer knows it, and may have reused its number
  };

  Slot* slot_;
  CK_SESSION_HANDLE handle_;
  unsigned generation_;
  bool reused_;
  mutable Fate fate_ = Fate::kKeep;
};

/// How Slot::LogIn() gets a PIN, and what it may do with it.
struct LoginOptions {
  std::function<Result<Secret>()> ask_pin;
  bool allow_final_try = false;  ///< send a PIN even if one more wrong one locks the token
  bool remember_pin = false;     ///< keep it for a login after a loss
};

/// A slot with a token in it: the token's sessions and its login, shared by all its users in the
/// process. Safe to share between threads.
///
/// Each concurrent operation has its own session, which is kept for the next one. There are at most
/// kMostSessions; further operations wait. Sessions that the module has forgotten are dropped once
/// that is noticed: after other code closed them, the module was finalised, or the process forked.
class Slot {
 public:
  static constexpr std::size_t kMostSessions = 16;

  /// `pins` is the record of a token that was in another slot before.
  Slot(std::shared_ptr<Module> module, CK_SLOT_ID id, const CK_TOKEN_INFO& token,
       std::shared_ptr<PinRecord> pins = std::make_shared<PinRecord>())
      : module_(std::move(module)),
        pins_(std::move(pins)),
        id_(id),
        token_(token),
        flags_(token.flags),
        generation_(module_->generation()) {}
  ~Slot();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /// A session from the pool, or a new one. Waits while the token has none left
  /// (CKR_SESSION_COUNT), and fails with kDevice after ten seconds. Fails with kDeviceLost if the
  /// token is gone.
  Result<Session> OpenSession();

  /// A session that may change objects. It is closed after its use. A login of this slot holds for
  /// it, too. Fails as OpenSession(), but does not wait.
  Result<Session> OpenWritingSession();

  /// Logs the user in, unless already logged in. Asks for a PIN only if the token requires one, and
  /// sends it once. A refused PIN is never sent again. Fails with:
  ///
  /// * kPinIncorrect if the token refuses the PIN
  /// * kPinLocked, without sending a PIN, if the PIN is locked, or if one more wrong one would lock
  ///   it and the options do not allow that
  /// * kLockedOut if the token reports a locked PIN but its flags do not: it accepts none for a
  ///   while, and the PIN may be sent again
  /// * kDeviceLost if the session turns out to be closed
  Result<void> LogIn(const Session& session, const LoginOptions& options);

  /// Authorises one signature with an always-authenticate key (CKU_CONTEXT_SPECIFIC), after
  /// C_SignInit. Sends a null PIN if it is typed at the token. Like LogIn(), it sends nothing to a
  /// token that is locked or close to it, and no refused PIN.
  Result<void> LogInForSignature(const Session& session, const Secret& pin, bool allow_final_try);

  /// Asks the token whether the user is logged in, and updates the state that LogIn() relies on.
  /// Fails with kDeviceLost if the session turns out to be closed.
  Result<bool> ConfirmLogin(const Session& session);

  /// Prepares for a search after a loss. Drops the idle sessions that the module no longer knows,
  /// and makes the next LogIn() ask the token first. A login that still stands is kept, because an
  /// open key lives by it. After SawRewrite(), drops all idle sessions
  /// and initialises the module again.
  void Refresh();

  /// Closes the idle sessions, so that the module can be initialised again. Does nothing if they
  /// are logged in, because a new login would take another PIN.
  void CloseIdle();

  /// Whether the last LogIn() failed because SoftHSM could not read the token's file
  /// (second_look.h). SoftHSM then did not check the PIN, so it may be sent again.
  [[nodiscard]] bool SawRewrite() const { return saw_rewrite_; }

  /// Whether LogIn() has nothing to do, as far as this process knows.
  [[nodiscard]] bool HasLogin() const { return logged_in_ || !NeedsLogin(); }
  /// Whether objects may be hidden before LogIn().
  [[nodiscard]] bool NeedsLogin() const { return (flags_ & CKF_LOGIN_REQUIRED) != 0; }
  /// Whether the PIN is entered at the token itself. Nobody else is asked for it then.
  [[nodiscard]] bool HasProtectedPath() const {
    return (flags_ & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  }

  /// Whether this is the described token, by the fields that never change.
  [[nodiscard]] bool Holds(const CK_TOKEN_INFO& token) const;
  /// Updates the token's flags, which change as wrong PINs are counted.
  void UpdateFlags(CK_FLAGS flags) {
    flags_ = flags;
    flags_may_be_old_ = false;
  }
  /// Makes the next login ask the token for its flags first.
  void FlagsMayBeOld() { flags_may_be_old_ = true; }

  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const std::shared_ptr<PinRecord>& pins() const { return pins_; }
  [[nodiscard]] CK_SLOT_ID id() const { return id_; }
  [[nodiscard]] const CK_TOKEN_INFO& token() const { return token_; }
  /// "token 'LABEL'", for messages and PIN prompts.
  [[nodiscard]] std::string Name() const;

 private:
  friend class Session;

  std::optional<Session> TakeIdle() CREDMINT_REQUIRES(sessions_mutex_);
  void ForgetOldGeneration() CREDMINT_REQUIRES(sessions_mutex_);
  /// Opens a session; nullopt if that exceeds our limit or the token's.
  Result<std::optional<Session>> OpenAnother() CREDMINT_REQUIRES(sessions_mutex_);
  /// Releases the mutex meanwhile, so that other threads can return their sessions.
  Result<std::optional<Session>> OpenUnlocked(unsigned generation)
      CREDMINT_REQUIRES(sessions_mutex_);
  CK_RV Open(CK_SESSION_HANDLE& handle) const;
  CK_RV Open(CK_SESSION_HANDLE& handle, CK_FLAGS flags) const;
  void GiveBack(CK_SESSION_HANDLE handle, unsigned generation);
  void Close(CK_SESSION_HANDLE handle, unsigned generation);
  void Forget(unsigned generation);
  void StartAnew() CREDMINT_REQUIRES(sessions_mutex_);
  void CloseIdleSessions() CREDMINT_REQUIRES(sessions_mutex_);
  Result<void> CheckPinState(bool allow_final_try);
  Result<void> CheckToken() const;
  /// Fails with kDeviceLost if it is another token's.
  Result<CK_TOKEN_INFO> ReadTokenInfo() const;
  Result<void> SendLogin(const Session& session, const LoginOptions& options)
      CREDMINT_REQUIRES(login_mutex_);
  /// Whether the token checked the PIN: false if the user was logged in already.
  Result<bool> SendPin(const Session& session, PinRecord::Kind kind, const Secret& pin);
  [[nodiscard]] bool WasCounted(CK_RV result);
  [[nodiscard]] bool MayUnlockItself(CK_RV result);
  [[nodiscard]] bool CouldNotReadPin(CK_RV result) const;
  Result<Secret> Pin(const LoginOptions& options) const;

  std::shared_ptr<Module> module_;
  std::shared_ptr<PinRecord> pins_;
  CK_SLOT_ID id_;
  CK_TOKEN_INFO token_;
  std::atomic<CK_FLAGS> flags_;
  std::atomic<bool> flags_may_be_old_ = false;

  Mutex sessions_mutex_;
  std::condition_variable_any given_back_;
  std::vector<CK_SESSION_HANDLE> idle_ CREDMINT_GUARDED_BY(sessions_mutex_);
  std::size_t open_ CREDMINT_GUARDED_BY(sessions_mutex_) = 0;  ///< idle or borrowed
  /// The module's generation when these sessions were opened. Changes with the mutex held.
  std::atomic<unsigned> generation_;

  Mutex login_mutex_;  ///< one login at a time
  std::atomic<bool> logged_in_ = false;
  std::atomic<bool> ask_token_first_ = false;
  std::atomic<bool> saw_rewrite_ = false;
  std::atomic<bool> check_token_ = false;  ///< the slot may hold another token
};

template <typename... Parameters, typename... Arguments>
CK_RV Session::Call(CK_RV (*CK_FUNCTION_LIST::*function)(CK_SESSION_HANDLE, Parameters...),
                    Arguments&&... arguments) const {
  const CK_RV result =
      slot_->module().Call(function, handle_, std::forward<Arguments>(arguments)...);
  switch (result) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
      fate_ = Fate::kForget;
      break;
    default:
      break;
  }
  return result;
}

}  // namespace credmint::pkcs11
