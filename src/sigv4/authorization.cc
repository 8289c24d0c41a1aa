// SPDX-License-Identifier: Apache-2.0
#include "sigv4/authorization.h"

#include <fmt/format.h>

namespace credmint {

std::string FormatAuthorization(const Authorization& authorization) {
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", authorization.algorithm,
                     authorization.identifier, authorization.scope, authorization.signed_names,
                     authorization.signature);
}

}  // namespace credmint
