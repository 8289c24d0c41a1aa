// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "credentials/credentials.h"
#include "credentials/refresher.h"
#include "ossl/library_context.h"
#include "roles/environment.h"
#include "roles/identity_pool.h"
#include "roles/role.h"

namespace credmint::roles {

/// Callbacks for the roles of a set. `added` runs on the thread that calls Set(), the others on
/// any.
struct RoleSetObserver {
  std::function<void(const Role&)> added;                 ///< by Set(): a new role
  std::function<void()> answered;                         ///< a source may have a new answer
  std::function<void(const Role&, const Error&)> failed;  ///< once per lasting failure
  std::function<void(const Role&)> recovered;             ///< after a failure
};

/// A running role, for code that serves its credentials.
struct RunningRole {
  std::string name;  ///< in the configuration file, or the last segment of its ARN
  SessionRequest request;
  std::chrono::milliseconds timeout;     ///< of a call
  std::shared_ptr<Refresher> refresher;  ///< keeps alive everything that it uses
  std::optional<TimePoint> certificate_expires = std::nullopt;  ///< of the certificate in use
  std::size_t identities = 1;
  std::string spare_in_use = {};  ///< the name of an identity; empty: the first one is in use
};

/// Roles that are kept fresh, each by its own refresher. Roles with the same key share the opened
/// identity, and so one login.
///
/// Set() and Start() may be called by one thread at a time, the other functions from any thread.
class RoleSet {
 public:
  /// `context` must outlive the set, and the set must outlive the results of roles() and Start().
  RoleSet(const LibraryContext& context, RoleSetObserver observer, Environment environment = {});
  ~RoleSet();
  RoleSet(const RoleSet&) = delete;
  RoleSet& operator=(const RoleSet&) = delete;

  /// Sets the roles that run after the next Start(). Roles that already run (AreTheSame()) keep
  /// their credentials, and ask for new ones with secrets read again. If a role fails, nothing
  /// changes.
  Result<void> Set(std::vector<Role> wanted);

  /// Begins to mint. Until new credentials arrive, a new role gives out the credentials of the old
  /// one of its name. For that, role, profile, trust anchor and session name must be the same.
  ///
  /// Returns the roles that no longer run. Destroying the last reference to one waits for its
  /// running call to the service.
  std::vector<std::shared_ptr<void>> Start();

  /// Waits until each role has credentials. Fails if a role's source does. If that may be
  /// temporary, the source is called up to three times within the role's timeout, as when minting
  /// once.
  Result<void> WaitForCredentials();

  /// Call only after Start().
  [[nodiscard]] std::vector<RunningRole> roles();

  /// Begins the end: no role asks for credentials again, or reports anything.
  void Stop();

 private:
  struct Member;
  using Members = std::vector<std::shared_ptr<Member>>;

  Result<std::shared_ptr<Member>> Make(Role role);
  void Start(Member& member);
  std::optional<Credentials> Earlier(const Member& member);

  IdentityPool identities_;
  const RoleSetObserver observer_;
  Members next_;  // not started yet
  Guarded<Members> running_;
};

}  // namespace credmint::roles
