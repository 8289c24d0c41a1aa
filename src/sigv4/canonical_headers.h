// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/message.h"

namespace credmint {

/// The header fields that a signature covers, as two texts.
struct CanonicalHeaders {
  std::string lines;         ///< "name:value\n" for each field, sorted by name
  std::string signed_names;  ///< the same names joined by ';'
};

/// Canonicalises all header fields except Authorization, User-Agent and X-Amzn-Trace-Id, which are
/// not signed. Names become lower case. Values are trimmed, and runs of blanks become one blank.
/// The values of a repeated name are joined by ',' in the order of sending (CONTRACT section 2).
CanonicalHeaders CanonicalizeHeaders(const Headers& headers);

}  // namespace credmint
