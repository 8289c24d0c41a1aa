// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ossl/certificate.h"

namespace credmint {

/// Names of the certificate's key usages by RFC 5280 section 4.2.1.3 ("digitalSignature"); empty
/// without the extension.
std::vector<std::string> KeyUsages(const Certificate& certificate);

/// The extended key usages of section 4.2.1.12, by OpenSSL's short names ("clientAuth"), or by
/// dotted number if there is no name. Newer versions of OpenSSL have more names.
std::vector<std::string> ExtendedKeyUsages(const Certificate& certificate);

/// Whether this dotted number is among the extended key usages.
bool HasExtendedKeyUsage(const Certificate& certificate, std::string_view dotted);

}  // namespace credmint
