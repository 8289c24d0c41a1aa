// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// The parts of an Authorization header of SigV4.
struct Authorization {
  std::string_view algorithm;
  std::string_view identifier;  ///< who signs: for X.509 the certificate's serial in decimal
  std::string_view scope;
  std::string_view signed_names;
  std::string_view signature;  ///< lower-case hexadecimal
};

/// The header's value: "ALG Credential=ID/SCOPE, SignedHeaders=a;b, Signature=hex".
std::string FormatAuthorization(const Authorization& authorization);

}  // namespace credmint
