// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

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

  /// Resolves what was configured, by NSS: the name of a user, a user ID, `@GROUP` with the name or
  /// ID of a group, or `any`. The members of a group include the users whose primary group it is,
  /// as far as NSS lists all users. Fails with kUsage on a name that does not exist, and with
  /// kLocalIo if NSS fails.
  static Result<AllowedUsers> Resolve(const std::vector<std::string>& names);

  [[nodiscard]] bool Has(uid_t user) const;
  [[nodiscard]] bool any() const { return any_; }

 private:
  bool any_ = false;
  std::set<uid_t> users_;
};

/// Resolves the name or ID of a group. Fails as AllowedUsers::Resolve().
Result<gid_t> ResolveGroup(const std::string& name);

/// Returns a user's name, or the ID in digits where NSS knows no name.
std::string NameOfUser(uid_t user);

}  // namespace credmint::serve
