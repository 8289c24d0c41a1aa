// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "credentials/credential_source.h"
#include "serve/api/allowed_users.h"
#include "serve/request.h"

namespace credmint::serve {

/// A role whose credentials are served under a name, which the user chose or which is the last
/// segment of its ARN. Clients wait one second for an answer (CONTRACT section 6.1), so the source
/// must answer from memory, like a Refresher.
struct ServedRole {
  std::string name;
  std::string account;    ///< twelve digits
  std::string partition;  ///< "aws"
  std::string region;     ///< reported as the region of the clients
  std::shared_ptr<CredentialSource> source;
  AllowedUsers allowed;  ///< over loopback; beyond it the token decides
  /// For container credentials of this role alone. Null: the common token.
  std::shared_ptr<const Secret> token = nullptr;
};

/// Whether the client's user may have the role. If any user may, an unknown one may, too.
inline bool MayHave(const Client& client, const ServedRole& role) {
  if (!client.is_local || role.allowed.any()) return true;
  return client.user && role.allowed.Has(*client.user);
}

}  // namespace credmint::serve
