// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <string_view>

namespace credmint {

/// Whether `text` is a way to write the distinguished name `name`. These forms are accepted:
///
/// * RFC 2253 and 4514, most specific part first or last: "CN=web,O=Example"
/// * the output of `openssl x509 -subject` with any -nameopt that keeps the types, also on several
///   lines, and in the old form "/O=Example/CN=web"
/// * Go's pkix.Name.String(), which AWS's tool compares. It merges repeated values ("OU=A+OU=B"),
///   uses its own order, keeps the last of several common names, and writes unknown types in
///   hexadecimal ("1.2.840.113549.1.9.1=#0c0d...").
/// * the form that Windows shows: "E=", "S=", values in quotes
///
/// Types are compared as OIDs, under any of their names and regardless of case. Values are compared
/// as the text they hold, whatever their escapes, quotes or string types. Blanks around separators
/// are ignored. The values of one RDN may have any order.
///
/// Such texts are ambiguous, because a comma in a value need not be escaped. So `text` is not
/// parsed: the function follows the name through the text. If that takes unreasonably many steps,
/// the result is false.
bool IsTextOfName(std::string_view text, const X509_NAME* name);

}  // namespace credmint
