// SPDX-License-Identifier: Apache-2.0
#include "serve/api/roles.h"

#include <utility>

namespace credmint::serve {

void Roles::Set(std::vector<Role> roles) {
  std::vector<std::shared_ptr<const Role>> shared;
  shared.reserve(roles.size());
  for (Role& role : roles) shared.push_back(std::make_shared<const Role>(std::move(role)));
  roles_.Lock()->swap(shared);  // what was there ends after the lock
}

std::shared_ptr<const Role> Roles::First() { return roles_.Lock()->front(); }

std::shared_ptr<const Role> Roles::Find(std::string_view name) {
  const auto roles = roles_.Lock();
  for (const auto& role : *roles) {
    if (role->name == name) return role;
  }
  return nullptr;
}

}  // namespace credmint::serve
