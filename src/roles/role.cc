// SPDX-License-Identifier: Apache-2.0
#include "roles/role.h"

namespace credmint::roles {

std::string NameOf(const Role& role) {
  if (!role.name.empty()) return role.name;
  const std::string& resource = role.session.request.role().resource;
  return resource.substr(resource.rfind('/') + 1);
}

std::vector<NamedIdentity> IdentitiesOf(const Role& role) {
  std::vector<NamedIdentity> identities = {{role.identity_name, role.identity}};
  identities.insert(identities.end(), role.spares.begin(), role.spares.end());
  return identities;
}

bool AreTheSame(const Role& left, const Role& right) {
  const bool same_names = left.spares.empty() || left.identity_name == right.identity_name;
  return left.name == right.name && *left.identity == *right.identity && same_names &&
         left.spares == right.spares && left.session == right.session;
}

}  // namespace credmint::roles
