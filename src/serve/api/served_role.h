// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "credentials/credential_source.h"

namespace credmint::serve {

/// A role whose credentials are given out, under the name that its user has chosen, or the last
/// segment of its ARN. Clients wait a second for an answer (CONTRACT section 6.1), so the source
/// answers from memory: a Refresher.
struct ServedRole {
  std::string name;
  std::string account;    ///< twelve digits
  std::string partition;  ///< "aws"
  std::string region;     ///< where its programs are taken to run
  std::shared_ptr<CredentialSource> source;
};

}  // namespace credmint::serve
