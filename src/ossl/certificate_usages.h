// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ossl/certificate.h"

namespace credmint {

/// What a certificate says its key is for, by the names of RFC 5280 section 4.2.1.3
/// ("digitalSignature"); empty without the extension.
std::vector<std::string> KeyUsages(const Certificate& certificate);

/// Likewise of section 4.2.1.12, by OpenSSL's short names ("clientAuth"), or the dotted number of
/// what has none.
std::vector<std::string> ExtendedKeyUsages(const Certificate& certificate);

}  // namespace credmint
