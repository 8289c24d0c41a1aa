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

/// The identities of several roles. Roles with equal specs share one for as long as any of them
/// uses it. Only one thread may use the pool at a time.
class IdentityPool {
 public:
  /// `context` must outlive the pool and the identities that it returns.
  explicit IdentityPool(const LibraryContext& context, Environment environment = {})
      : context_(context), environment_(std::move(environment)) {}

  [[nodiscard]] const LibraryContext& context() const { return context_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }

  /// Fails like IdentityOpener::Create(). Waits for files that are being replaced for `timeout`,
  /// but at most one second. Roles that share an identity wait no longer than the first one that
  /// requested it.
  Result<std::shared_ptr<RoleIdentity>> Get(const std::shared_ptr<const IdentitySpec>& spec,
                                            std::chrono::milliseconds timeout);

 private:
  const LibraryContext& context_;
  const Environment environment_;
  std::vector<std::weak_ptr<RoleIdentity>> identities_;
};

}  // namespace credmint::roles
