// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "identity/identity_spec.h"
#include "ossl/library_context.h"
#include "roles/environment.h"
#include "roles/role_identity.h"

namespace credmint::roles {

/// The identities of several roles: those with equal specs share one, as long as a role has it. For
/// one thread at a time.
class IdentityPool {
 public:
  /// The context must outlive the pool and what it gives out.
  explicit IdentityPool(const LibraryContext& context, Environment environment = {})
      : context_(context), environment_(std::move(environment)) {}

  [[nodiscard]] const LibraryContext& context() const { return context_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }

  /// Fails as IdentityOpener::Create(). What is being replaced is waited for as long as `timeout`,
  /// a second at most; no role waits longer than the first one that asked for it here.
  Result<std::shared_ptr<RoleIdentity>> Get(const std::shared_ptr<const IdentitySpec>& spec,
                                            std::chrono::milliseconds timeout);

 private:
  const LibraryContext& context_;
  const Environment environment_;
  std::vector<std::weak_ptr<RoleIdentity>> identities_;
};

}  // namespace credmint::roles
