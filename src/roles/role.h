// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "identity/identity_spec.h"
#include "roles/session_spec.h"

namespace credmint::roles {

/// The sources of settings that are checked only on use, for messages: an option, a variable or a
/// place in a file.
struct Origins {
  std::string endpoint;
  std::string ca_bundle;
};

/// How `serve` shares a role with other users, as configured.
struct Sharing {
  std::optional<std::vector<std::string>> allow_users;  ///< nothing: those of the server
  std::string token_file;   ///< for a token of this role alone; empty: the common one
  std::string token_group;  ///< may read that file; empty: only its owner
};

/// A key and its certificate, and how the configuration file calls them.
struct NamedIdentity {
  std::string name;  ///< empty: only flags
  std::shared_ptr<const IdentitySpec> spec;

  bool operator==(const NamedIdentity& other) const {
    return name == other.name && *spec == *other.spec;
  }
};

/// A role as specified by flags and configuration: a key and a session. Created once per process
/// and configuration. Immutable.
struct Role {
  std::string name;  ///< in the configuration file; empty: only flags
  std::shared_ptr<const IdentitySpec> identity;
  SessionSpec session;
  bool cache = false;  ///< share the credentials with other processes
  Origins origins;
  Sharing sharing = {};
  std::string identity_name = {};
  /// Each is used while the devices of all before it are lost (IsDeviceLoss()).
  std::vector<NamedIdentity> spares = {};
};

/// The identity and the spares, in order.
std::vector<NamedIdentity> IdentitiesOf(const Role& role);

/// The name under which a role is served: its own, or the last segment of its ARN.
std::string NameOf(const Role& role);

/// Whether both roles get the same credentials in the same way under the same name. The refresher
/// of one can then continue for the other. Ignores `cache`, `origins` and `sharing`, and the name
/// of an identity without spares.
bool AreTheSame(const Role& left, const Role& right);

}  // namespace credmint::roles
