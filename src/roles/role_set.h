// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
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

/// Who hears of the roles of a set: of `added` by the thread that calls Set(), of all else by any.
struct RoleSetObserver {
  std::function<void(const Role&)> added;                 ///< by Set(): it was not there before
  std::function<void()> answered;                         ///< a source may have another answer
  std::function<void(const Role&, const Error&)> failed;  ///< once while it lasts
  std::function<void(const Role&)> recovered;             ///< after that
};

/// A role that runs, for those who give its credentials out.
struct RunningRole {
  std::string name;  ///< in the configuration file, else the last segment of its ARN
  SessionRequest request;
  std::chrono::milliseconds timeout;     ///< of a call
  std::shared_ptr<Refresher> refresher;  ///< with all that it needs
};

/// Roles that are kept fresh, each with a refresher of its own. Those with the same key share the
/// opened identity, and so one login.
///
/// Set() and Start() are for one thread at a time, all else is for any.
class RoleSet {
 public:
  /// The context must outlive this, and this what roles() and Start() have given out.
  RoleSet(const LibraryContext& context, RoleSetObserver observer, Environment environment = {});
  ~RoleSet();
  RoleSet(const RoleSet&) = delete;
  RoleSet& operator=(const RoleSet&) = delete;

  /// These run after the next Start(). Those of them that run already (AreTheSame()) keep their
  /// credentials and ask for new ones, with secrets read again. If one cannot be had, nothing has
  /// changed.
  Result<void> Set(std::vector<Role> wanted);

  /// Begins to mint. What was given out under a name is still given out under it meanwhile, if it
  /// is of the same role, profile, trust anchor and session name. Returns what does not run any
  /// more: the last one to let go of that waits for the call of the service that runs.
  std::vector<std::shared_ptr<void>> Start();

  /// After Start().
  [[nodiscard]] std::vector<RunningRole> roles();

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
