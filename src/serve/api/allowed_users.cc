// SPDX-License-Identifier: Apache-2.0
#include "serve/api/allowed_users.h"

#include <string_view>

#include "base/users.h"

namespace credmint::serve {
namespace {

constexpr std::string_view kAny = "any";

/// The users that one of the configured names stands for.
Result<std::set<uid_t>> Expand(const std::string& name) {
  if (name.starts_with('@')) return MembersOfGroup(name.substr(1));
  const auto user = ResolveUser(name);
  if (!user) return Fail(user);
  return std::set<uid_t>{*user};
}

}  // namespace

AllowedUsers AllowedUsers::Any() {
  AllowedUsers allowed;
  allowed.any_ = true;
  return allowed;
}

Result<AllowedUsers> AllowedUsers::Resolve(const std::vector<std::string>& names) {
  AllowedUsers allowed;
  for (const std::string& name : names) {
    if (name == kAny) {
      allowed.any_ = true;
      continue;
    }
    const auto users = Expand(name);
    if (!users) return Fail(users);
    allowed.users_.insert(users->begin(), users->end());
  }
  return allowed;
}

bool AllowedUsers::Has(uid_t user) const {
  return any_ || user == 0 || user == own_ || users_.contains(user);
}

}  // namespace credmint::serve
