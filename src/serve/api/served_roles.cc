// SPDX-License-Identifier: Apache-2.0
#include "serve/api/served_roles.h"

#include <utility>

namespace credmint::serve {

void ServedRoles::Set(std::vector<ServedRole> roles) {
  std::vector<std::shared_ptr<const ServedRole>> shared;
  shared.reserve(roles.size());
  for (ServedRole& role : roles)
    shared.push_back(std::make_shared<const ServedRole>(std::move(role)));
  roles_.Lock()->swap(shared);  // the old roles are destroyed after the lock is released
}

std::shared_ptr<const ServedRole> ServedRoles::First(const Client& client) {
  const auto roles = roles_.Lock();
  for (const auto& role : *roles) {
    if (MayHave(client, *role)) return role;
  }
  return nullptr;
}

std::shared_ptr<const ServedRole> ServedRoles::Find(std::string_view name, const Client& client) {
  const auto roles = roles_.Lock();
  for (const auto& role : *roles) {
    if (role->name == name) return MayHave(client, *role) ? role : nullptr;
  }
  return nullptr;
}

}  // namespace credmint::serve
