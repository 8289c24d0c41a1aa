// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "ossl/certificate.h"
#include "ossl/handles.h"

namespace credmint {

/// One name in a certificate's subjectAltName (RFC 5280 section 4.2.1.6), parsed.
struct AlternativeName {
  enum class Kind { kDns, kIp, kUri, kEmail };

  std::string shown;  ///< as OpenSSL writes it: "DNS:web.example"
  Bytes der;          ///< a GeneralName
};

/// Parses a name of this kind. Fails with kUsage unless it is one of these:
///
/// * a host name in ASCII, whose first label may be "*"
/// * an IPv4 or IPv6 address
/// * an absolute URI in ASCII
/// * a mailbox in ASCII, "user@example.org"
Result<AlternativeName> ParseAlternativeName(AlternativeName::Kind kind, const std::string& text);

/// The names in a certificate's subjectAltName, of any kind, in its order.
std::vector<AlternativeName> AlternativeNamesIn(const Certificate& certificate);

}  // namespace credmint
