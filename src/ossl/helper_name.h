// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <string>

namespace credmint {

/// Prints a distinguished name like aws_signing_helper, which prints a parsed name as Go does:
/// "SERIALNUMBER=7,CN=host,OU=A+OU=B,O=Example,C=US".
///
/// Attributes are grouped by kind, and the kinds are in a fixed order. Only the last CN and the
/// last SERIALNUMBER are printed. Other attributes follow, last first, by number. Their value is
/// the DER of a PrintableString or UTF8String: "1.2.840.113549.1.9.1=#0c0b77656240…".
std::string HelperName(const X509_NAME* name);

}  // namespace credmint
