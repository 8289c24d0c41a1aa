// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint {

using X509NamePtr = Handle<X509_NAME, X509_NAME_free>;

/// Parses a subject as `openssl req -subj` takes it: "/C=DE/O=Example/CN=web".
///
/// * "+" joins parts of one RDN, each of another type: "/CN=web+serialNumber=1".
/// * "\" takes the next character as it is, such as "/", "+" or "\".
/// * A type is a name that OpenSSL knows ("CN", "commonName") or an OID ("2.5.4.3").
/// * Values are UTF-8. OpenSSL decides on their string types and longest lengths.
///
/// Fails with kUsage for anything else, also where openssl leaves a part out: an unknown type, and
/// an empty value.
Result<X509NamePtr> ParseSubject(const std::string& text);

/// The values of all common names (CN), in order, in UTF-8.
std::vector<std::string> CommonNames(const X509_NAME* name);

}  // namespace credmint
