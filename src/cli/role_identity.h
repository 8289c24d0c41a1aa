// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/key_options.h"
#include "identity/identity.h"
#include "identity/key_opener.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// The key and certificate that options name, for all roles that use them, through renewals
/// (IdentityKeeper); what that has to report goes to stderr. One role at a time is answered. A
/// refused PIN is not tried again, whichever role asks, before Reload(): each try costs the token
/// one. The first pair is waited for as OpenIdentityPatiently() does, for a second at most.
///
/// A device that accepts no try for a while (kLockedOut) is left alone until its recovery time has
/// passed, whichever role asks, and is then asked again with the secret that has worked before in
/// this process. With another one only after Reload(): the failure is kPinLocked then.
///
/// Any thread may call. The context must outlive it.
class RoleIdentity {
 public:
  /// Reads no secret and opens no key, but for that of --policy-key. Fails as MakeKeyOpener().
  static Result<std::shared_ptr<RoleIdentity>> Create(const LibraryContext& context,
                                                      const KeyOptions& options,
                                                      Prompting prompting,
                                                      std::chrono::milliseconds patience);
  RoleIdentity(KeyOpener opener, KeyOptions options, std::chrono::milliseconds patience);
  RoleIdentity(const RoleIdentity&) = delete;
  RoleIdentity& operator=(const RoleIdentity&) = delete;

  /// `generation` grows with each Reload().
  Result<std::shared_ptr<const Identity>> Open(unsigned& generation);

  /// Says that a signature was made with what Open() gave.
  void NoteWorked(unsigned generation);

  /// Says that this kLockedOut came of Open() or a signature; returns what is to be made of it.
  Error NoteLockout(Error error);

  /// Several roles use it: a device that learns of a PIN with the first signature only shall not
  /// learn it from each of them (IdentityKeeper::ProveFirst()).
  void Share() { sharing_ = true; }

  /// Has secrets read again the next time, and a refused PIN tried again. Waits for nothing.
  void Reload() { reloading_ = true; }

 private:
  struct Lockout {
    Error error;
    std::optional<std::chrono::steady_clock::time_point> until;  // nothing: Reload()
  };

  std::optional<Error> CurrentLockout();

  const KeyOptions options_;
  std::atomic<bool> reloading_ = false;
  std::atomic<bool> sharing_ = false;  // from the next Open() on
  std::mutex mutex_;                   // guards all that follows
  KeyOpener opener_;
  IdentityKeeper keeper_;
  std::optional<Lockout> lockout_;
  bool worked_ = false;
  unsigned generation_ = 0;
};

/// The identities of several roles: those with the same options share one, as long as a role has
/// it. For one thread at a time.
class IdentityPool {
 public:
  IdentityPool(const LibraryContext& context, Prompting prompting)
      : context_(&context), prompting_(prompting) {}

  /// No role waits for what is being replaced longer than the first one that asked for it here.
  Result<std::shared_ptr<RoleIdentity>> Get(const KeyOptions& options,
                                            std::chrono::milliseconds timeout);

 private:
  const LibraryContext* context_;
  Prompting prompting_;
  std::vector<std::pair<KeyOptions, std::weak_ptr<RoleIdentity>>> identities_;
};

}  // namespace credmint::cli
