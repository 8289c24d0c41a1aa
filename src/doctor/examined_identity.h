// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "doctor/examination.h"
#include "identity/identity.h"
#include "identity/identity_spec.h"
#include "roles/role.h"

namespace credmint::doctor {

/// A key and its certificate, for the roles that share it, and what the checks so far have left.
struct ExaminedIdentity {
  std::shared_ptr<const IdentitySpec> spec;
  std::vector<std::string> roles;
  std::vector<std::string> names = {};       ///< in the roles that have several identities
  bool is_reachable = true;                  ///< its devices answer
  std::shared_ptr<const Identity> identity;  ///< null: not opened
};

/// The lines about one subject and this identity.
Topic About(const Observer& observer, std::string subject, const ExaminedIdentity& identity);

/// The identities of these roles, with their spares. Equal ones are one.
std::vector<ExaminedIdentity> IdentitiesOf(std::span<const roles::Role> roles);

/// The same key and certificate without a secret that a device would count. So nothing that is
/// opened with it logs in. A file keeps its passphrase.
std::shared_ptr<const IdentitySpec> WithoutLogin(const IdentitySpec& spec);

/// Whether a secret is given for the device.
bool HasDeviceSecret(const IdentitySpec& spec);

/// The reference to the key: its own, or the certificate's place. The spec must have one of them.
const KeyReference& KeyOf(const IdentitySpec& spec);

/// The device that a reference needs: a URI of all that is on it, to be listed. It holds no PIN.
/// Nothing for a file, except for the file of a device's key.
std::optional<KeyReference> DeviceOf(const KeyReference& reference);

/// DeviceOf() for everything that the spec names, each once.
std::vector<KeyReference> DevicesOf(const IdentitySpec& spec);

}  // namespace credmint::doctor
