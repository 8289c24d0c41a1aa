// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/guarded.h"
#include "base/mutex.h"
#include "identity/expiry_watch.h"
#include "identity/identity.h"
#include "identity/identity_keeper.h"
#include "identity/identity_opener.h"
#include "roles/environment.h"

namespace credmint::roles {

/// The key and certificate of an IdentitySpec, kept through renewals (IdentityKeeper) and shared by
/// all roles that use them. Serves one role at a time. The first pair is waited for like in
/// IdentityOpener::OpenPatiently().
///
/// After a refused PIN no role tries again before Reload(), because each attempt uses up one of the
/// token's tries.
///
/// A device that accepts no attempt for a while (kLockedOut) is left alone by all roles until its
/// recovery time has passed. It is then used again with the secret that has worked before in this
/// process. If no secret has worked yet, the failure is kPinLocked and only Reload() retries.
///
/// Roles that wait for an attempt share its failure if the device was lost (IsDeviceLoss()). So a
/// device that hangs does not delay each of them in turn.
///
/// Safe to call from any thread.
class RoleIdentity {
 public:
  RoleIdentity(IdentityOpener opener, std::chrono::milliseconds patience,
               const Environment& environment);
  RoleIdentity(const RoleIdentity&) = delete;
  RoleIdentity& operator=(const RoleIdentity&) = delete;

  [[nodiscard]] const IdentitySpec& spec() const { return *spec_; }

  /// Sets `generation`, which increases with each Reload().
  Result<std::shared_ptr<const Identity>> Open(unsigned& generation);

  /// When the certificate that was opened last expires; nothing before the first. Does not block.
  [[nodiscard]] std::optional<TimePoint> certificate_expires() const { return *expires_.Lock(); }

  /// Records that a signature with an identity from Open() succeeded.
  void NoteWorked(unsigned generation);

  /// Call it with a kLockedOut from Open() or a signature. Returns the error for the role:
  /// kLockedOut with the remaining time, or kPinLocked if no secret is known to be right.
  Error NoteLockout(Error error);

  /// Records that several roles use the identity. Some devices check a PIN only with the first
  /// signature. That signature is then made before any role gets the identity
  /// (IdentityKeeper::ProveFirst()), so that a wrong PIN costs one try instead of one per role.
  void Share() { sharing_ = true; }

  /// Makes the next Open() read secrets again and retry a refused PIN. Does not block.
  void Reload() { reloading_ = true; }

 private:
  struct Lockout {
    Error error;
    std::optional<std::chrono::steady_clock::time_point> until;  // nothing: until Reload()
  };

  struct Loss {
    Error error;
    std::chrono::steady_clock::time_point known;
  };

  IdentityKeeper Keep(std::chrono::milliseconds patience, const Environment& environment);
  void Watch(const Certificate& leaf) CREDMINT_REQUIRES(mutex_);
  std::optional<Error> CurrentLockout() CREDMINT_REQUIRES(mutex_);

  const Stopwatch stopwatch_;
  const Clock clock_;
  const std::function<void(const std::string&)> expiring_;  // may be null
  mutable Guarded<std::optional<TimePoint>> expires_;
  std::atomic<bool> reloading_ = false;
  std::atomic<bool> sharing_ = false;  // takes effect with the next Open()
  const std::shared_ptr<const IdentitySpec> spec_;
  Mutex mutex_;
  IdentityOpener opener_ CREDMINT_GUARDED_BY(mutex_);
  IdentityKeeper keeper_ CREDMINT_GUARDED_BY(mutex_);
  ExpiryWatch expiry_watch_ CREDMINT_GUARDED_BY(mutex_);
  std::optional<Lockout> lockout_ CREDMINT_GUARDED_BY(mutex_);
  std::optional<Loss> loss_ CREDMINT_GUARDED_BY(mutex_);  // by the last attempt
  bool worked_ CREDMINT_GUARDED_BY(mutex_) = false;
  unsigned generation_ CREDMINT_GUARDED_BY(mutex_) = 0;
};

}  // namespace credmint::roles
