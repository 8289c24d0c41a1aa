// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "identity/identity_spec.h"
#include "roles/session_spec.h"

namespace credmint::roles {

/// The sources of settings that are checked only on use, for messages: an option, a variable or a
/// place in a file.
struct Origins {
  std::string endpoint;
  std::string ca_bundle;
};

/// A role as specified by flags and configuration: a key and a session. Created once per process
/// and configuration. Immutable.
struct Role {
  std::string name;  ///< in the configuration file; empty: only flags
  std::shared_ptr<const IdentitySpec> identity;
  SessionSpec session;
  bool cache = false;  ///< share the credentials with other processes
  Origins origins;
};

/// Whether both roles get the same credentials in the same way under the same name. The refresher
/// of one can then continue for the other. Ignores `cache` and `origins`.
inline bool AreTheSame(const Role& left, const Role& right) {
  return left.name == right.name && *left.identity == *right.identity &&
         left.session == right.session;
}

}  // namespace credmint::roles
