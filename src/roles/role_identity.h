// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "identity/identity.h"
#include "identity/identity_keeper.h"
#include "identity/identity_opener.h"
#include "roles/environment.h"

namespace credmint::roles {

/// The key and certificate of an IdentitySpec, for all roles that use them, through renewals
/// (IdentityKeeper). One role at a time is answered. A refused PIN is not tried again, whichever
/// role asks, before Reload(): each try costs the token one. The first pair is waited for as
/// IdentityOpener::OpenPatiently() does.
///
/// A device that accepts no try for a while (kLockedOut) is left alone until its recovery time has
/// passed, whichever role asks, and is then asked again with the secret that has worked before in
/// this process. With another one only after Reload(): the failure is kPinLocked then.
///
/// Any thread may call.
class RoleIdentity {
 public:
  RoleIdentity(IdentityOpener opener, std::chrono::milliseconds patience,
               const Environment& environment);
  RoleIdentity(const RoleIdentity&) = delete;
  RoleIdentity& operator=(const RoleIdentity&) = delete;

  [[nodiscard]] const IdentitySpec& spec() const { return *spec_; }

  /// `generation` grows with each Reload().
  Result<std::shared_ptr<const Identity>> Open(unsigned& generation);

  /// Says that a signature was made with what Open() gave.
  void NoteWorked(unsigned generation);

  /// To be called with a kLockedOut that Open() or a signature failed with. Returns what the role
  /// is to fail with: kLockedOut and the time that is left, or kPinLocked where no secret is known
  /// to be right.
  Error NoteLockout(Error error);

  /// Says that several roles use it. Some devices check a PIN with the first signature only; that
  /// is then made before any role has the identity (IdentityKeeper::ProveFirst()), so that a wrong
  /// PIN costs one try and not one for each role.
  void Share() { sharing_ = true; }

  /// Has secrets read again the next time, and a refused PIN tried again. Waits for nothing.
  void Reload() { reloading_ = true; }

 private:
  struct Lockout {
    Error error;
    std::optional<std::chrono::steady_clock::time_point> until;  // nothing: Reload()
  };

  IdentityKeeper Keep(std::chrono::milliseconds patience, const Environment& environment);
  std::optional<Error> CurrentLockout() CREDMINT_REQUIRES(mutex_);

  const Stopwatch stopwatch_;
  std::atomic<bool> reloading_ = false;
  std::atomic<bool> sharing_ = false;  // from the next Open() on
  const std::shared_ptr<const IdentitySpec> spec_;
  Mutex mutex_;
  IdentityOpener opener_ CREDMINT_GUARDED_BY(mutex_);
  IdentityKeeper keeper_ CREDMINT_GUARDED_BY(mutex_);
  std::optional<Lockout> lockout_ CREDMINT_GUARDED_BY(mutex_);
  bool worked_ CREDMINT_GUARDED_BY(mutex_) = false;
  unsigned generation_ CREDMINT_GUARDED_BY(mutex_) = 0;
};

}  // namespace credmint::roles
