// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "credentials/credential_source.h"

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
};

}  // namespace credmint::serve
