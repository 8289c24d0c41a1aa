// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "identity/identity_spec.h"
#include "roles/session_spec.h"

namespace credmint::roles {

/// Who says something that is seen only in use, for messages: an option, a variable, a place in a
/// file.
struct Origins {
  std::string endpoint;
  std::string ca_bundle;
};

/// A role, as flags and configuration say it: which key, which session. Made once for a process and
/// a configuration; immutable from then on.
struct Role {
  std::string name;  ///< in the configuration file; empty: from flags alone
  std::shared_ptr<const IdentitySpec> identity;
  SessionSpec session;
  bool cache = false;  ///< share the credentials with other processes
  Origins origins;
};

/// Whether both lead to the same credentials in the same way, under the same name: what runs for
/// the one may go on for the other. Where they are kept and who said it makes no difference.
inline bool AreTheSame(const Role& left, const Role& right) {
  return left.name == right.name && *left.identity == *right.identity &&
         left.session == right.session;
}

}  // namespace credmint::roles
