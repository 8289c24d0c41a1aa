#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "pkcs11/module.h"

namespace credmint::pkcs11 {

class Slot;

/// An open session, borrowed from its slot's pool and given back on destruction. Destroying it
/// while an operation is active on it would confuse the next user: such a session is closed with
/// Discard() instead.
class Session {
 public:
  Session(Slot& slot, CK_SESSION_HANDLE handle) : slot_(&slot), handle_(handle) {}
  ~Session();
  Session(Session&& other) noexcept
      : slot_(std::exchange(other.slot_, nullptr)), handle_(other.handle_) {}
  Session& operator=(Session&&) = delete;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] CK_SESSION_HANDLE handle() const { return handle_; }
  void Discard();

 private:
  Slot* slot_;
  CK_SESSION_HANDLE handle_;
};

/// A slot with a token in it: its sessions and its login, shared by everything in the process that
/// uses the token. One session for each operation that runs at the same time, kept for the next.
/// Safe to share between threads.
class Slot {
 public:
  Slot(std::shared_ptr<Module> module, CK_SLOT_ID id, const CK_TOKEN_INFO& token)
      : module_(std::move(module)), id_(id), token_(token) {}
  ~Slot();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /// A session from the pool, or a new one; kDevice if the token is gone.
  Result<Session> OpenSession();

  /// Logs the user in unless that has happened. The PIN is asked for only when the token demands
  /// one, and sent once: a refusal is final (kPinIncorrect). A token whose PIN is locked, or that
  /// would lock at the next wrong one, is not tried at all (kPinLocked).
  Result<void> LogIn(const Session& session, const std::function<Result<Secret>()>& ask_pin);

  /// Whether objects may be hidden until LogIn.
  [[nodiscard]] bool NeedsLogin() const;

  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] CK_SLOT_ID id() const { return id_; }
  [[nodiscard]] const CK_TOKEN_INFO& token() const { return token_; }
  /// "token 'LABEL'", for messages and PIN prompts.
  [[nodiscard]] std::string Name() const;

 private:
  friend class Session;
  void GiveBack(CK_SESSION_HANDLE handle);
  void CloseSession(CK_SESSION_HANDLE handle);
  Result<void> SendLogin(const Session& session, const std::function<Result<Secret>()>& ask_pin);

  std::shared_ptr<Module> module_;
  CK_SLOT_ID id_;
  CK_TOKEN_INFO token_;
  std::mutex sessions_mutex_;
  std::vector<CK_SESSION_HANDLE> idle_;
  std::mutex login_mutex_;
  bool logged_in_ = false;
};

}  // namespace credmint::pkcs11
