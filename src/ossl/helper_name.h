// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <string>

namespace credmint {

/// A distinguished name as aws_signing_helper prints it, which is how Go prints a parsed name:
/// "SERIALNUMBER=7,CN=host,OU=A+OU=B,O=Example,C=US". Kinds of attributes stand in a fixed order,
/// whatever that of the name, and those of one kind stand together; of CN and SERIALNUMBER the last
/// one counts. Other attributes follow, last first, by number, with their value as DER of a
/// PrintableString or UTF8String: "1.2.840.113549.1.9.1=#0c0b77656240…".
std::string HelperName(const X509_NAME* name);

}  // namespace credmint
