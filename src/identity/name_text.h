// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <string_view>

namespace credmint {

/// Whether `text` is a way to write the distinguished name `name` down. As such count
///
///  * RFC 2253 and 4514, most specific part first or last: "CN=web,O=Example";
///  * what `openssl x509 -subject` prints, with each -nameopt that leaves the types in, also of
///    several lines, and in the old form "/O=Example/CN=web";
///  * Go's pkix.Name.String(), which AWS's tool compares: repeated values are merged ("OU=A+OU=B"),
///    the parts have an order of their own, of several common names the last one counts, and
///    unknown types are in hexadecimal ("1.2.840.113549.1.9.1=#0c0d...");
///  * what Windows shows: "E=", "S=", values in quotes.
///
/// So types are compared as OIDs, under each of their names and without regard to case; values as
/// the text that they hold, whatever escapes, quotes or string types; blanks around separators mean
/// nothing; the values of one RDN may have any order. Nothing is parsed, because such texts are
/// ambiguous (a comma in a value need not be escaped): the name is followed through the text. What
/// takes unreasonably many steps is none.
bool IsTextOfName(std::string_view text, const X509_NAME* name);

}  // namespace credmint
