// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "identity/certificate_source.h"
#include "identity/key_reference.h"
#include "identity/secret_source.h"

namespace credmint {

/// Which key and certificate, and how they are come by: all that decides what an IdentityOpener
/// opens, parsed, before anything has been opened. Two that are equal open the same: roles with
/// equal ones share what was opened, and with it one login.
struct IdentitySpec {
  CertificateOptions certificate;
  std::optional<KeyReference> private_key;  ///< nothing: the place of the certificate
  bool allow_weak_key = false;              ///< CheckStrength() has no say
  SecretSources secrets;
  std::optional<KeyReference> policy_key;         ///< signs what the key's policy wants signed
  std::optional<SecretSource> policy_key_secret;  ///< its own: those of the key are not tried on it
  /// What goes to the back ends, by their names: which module, which device, how careful.
  std::vector<std::pair<std::string, std::string>> parameters;

  bool operator==(const IdentitySpec&) const = default;
};

}  // namespace credmint
