// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/message.h"

namespace credmint {

/// The part of the header fields that a signature covers, in two texts.
struct CanonicalHeaders {
  std::string lines;         ///< "name:value\n" for each field, sorted by name
  std::string signed_names;  ///< the same names joined by ';'
};

/// Takes in every field but those that travel outside the signature: Authorization itself,
/// User-Agent and X-Amzn-Trace-Id. Names in lower case; values trimmed, runs of blanks made one,
/// those of a repeated name joined by ',' in the order in which they are sent (CONTRACT section 2).
CanonicalHeaders CanonicalizeHeaders(const Headers& headers);

}  // namespace credmint
