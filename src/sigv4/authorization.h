// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// The parts of a SigV4 Authorization header.
struct Authorization {
  std::string_view algorithm;
  std::string_view identifier;  ///< the signer: for X.509 the certificate's serial in decimal
  std::string_view scope;
  std::string_view signed_names;
  std::string_view signature;  ///< lower-case hexadecimal
};

/// Formats the header's value: "ALG Credential=ID/SCOPE, SignedHeaders=a;b, Signature=hex".
std::string FormatAuthorization(const Authorization& authorization);

}  // namespace credmint
