// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace credmint::serve {

/// The users of this machine who may have a role's credentials. The user who runs this process and
/// root always may.
class AllowedUsers {
 public:
  AllowedUsers() = default;
  static AllowedUsers Any();

  /// Resolves what was configured: the name or ID of a user, `@GROUP` with the name or ID of a
  /// group, or `any`. Fails as base/users.h says.
  static Result<AllowedUsers> Resolve(const std::vector<std::string>& names);

  [[nodiscard]] bool Has(uid_t user) const;
  [[nodiscard]] bool any() const { return any_; }

 private:
  bool any_ = false;
  uid_t own_ = geteuid();
  std::set<uid_t> users_;
};

}  // namespace credmint::serve
