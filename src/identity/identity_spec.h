// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sandbox_rules.h"
#include "identity/certificate_source.h"
#include "identity/key_reference.h"
#include "identity/secret_source.h"

namespace credmint {

/// The choice of key and certificate, and how to get them: everything that decides what an
/// IdentityOpener opens. It is parsed before anything is opened.
///
/// Equal specs open the same key and certificate. Roles with equal specs share what was opened, and
/// with it one login.
struct IdentitySpec {
  CertificateOptions certificate;
  std::optional<KeyReference> private_key;  ///< if absent, the place of the certificate is used
  bool allow_weak_key = false;              ///< skips CheckStrength()
  SecretSources secrets;
  std::optional<KeyReference> policy_key;         ///< signs what the key's policy requires
  std::optional<SecretSource> policy_key_secret;  ///< of `policy_key` and no other key
  /// Parameters of the back ends, by their names. They say which module, which device, how careful.
  std::vector<std::pair<std::string, std::string>> parameters;
  SandboxRules sandbox = {};  ///< of the processes in which modules and devices are used

  bool operator==(const IdentitySpec&) const = default;
};

}  // namespace credmint
