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

/// An open session, borrowed from its slot's pool and given back on destruction. Not to be shared
/// between threads.
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

  /// An operation may be left active on it, which would confuse its next user: it will be closed
  /// instead of given back.
  void Discard() const { fate_ = fate_ == Fate::kKeep ? Fate::kClose : fate_; }

  [[nodiscard]] Slot& slot() const { return *slot_; }
  /// Whether it was in the pool, so that what it stood for may be gone by now.
  [[nodiscard]] bool reused() const { return reused_; }

 private:
  enum class Fate {
    kKeep,
    kClose,
    kForget,  ///< the module no longer knows it; its number may be somebody else's by now
  };

  Slot* slot_;
  CK_SESSION_HANDLE handle_;
  unsigned generation_;
  bool reused_;
  mutable Fate fate_ = Fate::kKeep;
};

/// How Slot::LogIn gets a PIN, and how far it may go with it.
struct LoginOptions {
  std::function<Result<Secret>()> ask_pin;
  bool allow_final_try = false;  ///< send a PIN even where one more wrong one locks the token
  bool remember_pin = false;     ///< keep it for a login after a loss
};

/// A slot with a token in it: its sessions and its login, shared by everything in the process that
/// uses the token. Safe to share between threads.
///
/// There is one session for each operation that runs at the same time, at most kMostSessions, kept
/// for the next; who finds none waits. What the module forgot (sessions closed by somebody else, a
/// finalised module, the child of a fork) is dropped when that is noticed.
class Slot {
 public:
  static constexpr std::size_t kMostSessions = 16;

  /// `pins` is the record of the token, if it was in another slot before.
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

  /// A session from the pool, or a new one. Waits for one while the token has none to give
  /// (CKR_SESSION_COUNT); kDevice after ten seconds. kDeviceLost if the token is gone.
  Result<Session> OpenSession();

  /// Logs the user in unless that has happened. The PIN is asked for only when the token demands
  /// one, and sent once: a refusal is final (kPinIncorrect), and a PIN that was refused is never
  /// sent again. A token whose PIN is locked, or that would lock at the next wrong one unless the
  /// options allow that, is not tried at all (kPinLocked). A token that calls the PIN locked and
  /// does not say so of itself, by its flags, accepts none for a while: kLockedOut, and the PIN may
  /// be sent again. kDeviceLost if the session turns out to be closed.
  Result<void> LogIn(const Session& session, const LoginOptions& options);

  /// Allows one signature, for which C_SignInit was called, with an always-authenticate key
  /// (CKU_CONTEXT_SPECIFIC); with a null PIN where it is typed at the token. As LogIn, it sends
  /// nothing to a token that is locked or near it, and no PIN that was refused.
  Result<void> LogInForSignature(const Session& session, const Secret& pin, bool allow_final_try);

  /// Asks the token whether the user is logged in, and corrects what LogIn believes. kDeviceLost if
  /// the session turns out to be closed.
  Result<bool> ConfirmLogin(const Session& session);

  /// After a loss: drops the idle sessions that the module no longer knows, and has the next LogIn
  /// ask the token first. If SawRewrite(), all idle sessions, and the module is initialised anew.
  void Refresh();

  /// Closes the sessions that nobody uses, so that the module may be initialised anew; not if they
  /// are logged in, since that would take a further PIN.
  void CloseIdle();

  /// Whether the last LogIn failed because SoftHSM could not read the token's file (second_look.h):
  /// it did not look at the PIN, which may be sent again.
  [[nodiscard]] bool SawRewrite() const { return saw_rewrite_; }

  /// Whether objects may be hidden until LogIn.
  [[nodiscard]] bool NeedsLogin() const { return (flags_ & CKF_LOGIN_REQUIRED) != 0; }
  /// Whether the PIN is entered at the token itself; then none is asked for.
  [[nodiscard]] bool HasProtectedPath() const {
    return (flags_ & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  }

  /// Whether this is the token that is described, by everything that does not change in its life.
  [[nodiscard]] bool Holds(const CK_TOKEN_INFO& token) const;
  /// Flags change: wrong PINs are counted there.
  void UpdateFlags(CK_FLAGS flags) { flags_ = flags; }

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
  /// A new one; nothing if that would be one too many for us or for the token.
  Result<std::optional<Session>> OpenAnother() CREDMINT_REQUIRES(sessions_mutex_);
  /// Without the mutex meanwhile: others may give theirs back.
  Result<std::optional<Session>> OpenUnlocked(unsigned generation)
      CREDMINT_REQUIRES(sessions_mutex_);
  CK_RV Open(CK_SESSION_HANDLE& handle) const;
  void GiveBack(CK_SESSION_HANDLE handle, unsigned generation);
  void Close(CK_SESSION_HANDLE handle, unsigned generation);
  void Forget(unsigned generation);
  void StartAnew() CREDMINT_REQUIRES(sessions_mutex_);
  void CloseIdleSessions() CREDMINT_REQUIRES(sessions_mutex_);
  Result<void> CheckPinState(bool allow_final_try);
  Result<void> CheckToken() const;
  Result<void> SendLogin(const Session& session, const LoginOptions& options)
      CREDMINT_REQUIRES(login_mutex_);
  /// Whether the token looked at it: not if the user was logged in already.
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

  Mutex sessions_mutex_;
  std::condition_variable_any given_back_;
  std::vector<CK_SESSION_HANDLE> idle_ CREDMINT_GUARDED_BY(sessions_mutex_);
  std::size_t open_ CREDMINT_GUARDED_BY(sessions_mutex_) = 0;  ///< idle or borrowed
  /// Of the module, when these sessions were opened. Changes with the mutex held.
  std::atomic<unsigned> generation_;

  Mutex login_mutex_;  ///< one login at a time
  std::atomic<bool> logged_in_ = false;
  std::atomic<bool> ask_token_first_ = false;
  std::atomic<bool> saw_rewrite_ = false;
  std::atomic<bool> check_token_ = false;  ///< before a new session: it may be another one by now
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
