// SPDX-License-Identifier: Apache-2.0
#include "roles/identity_pool.h"

#include <algorithm>

namespace credmint::roles {

Result<std::shared_ptr<RoleIdentity>> IdentityPool::Get(
    const std::shared_ptr<const IdentitySpec>& spec, std::chrono::milliseconds timeout) {
  std::erase_if(identities_, [](const auto& identity) { return identity.expired(); });
  for (const auto& entry : identities_) {
    auto identity = entry.lock();
    if (!identity || identity->spec() != *spec) continue;
    identity->Share();
    return identity;
  }
  auto opener = IdentityOpener::Create(context_, spec, environment_.ask);
  if (!opener) return Fail(std::move(opener));
  auto identity = std::make_shared<RoleIdentity>(*std::move(opener),
                                                 std::min(timeout, kLongestPatience), environment_);
  identities_.push_back(identity);
  return identity;
}

}  // namespace credmint::roles
