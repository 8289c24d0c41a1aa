// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "sigv4/canonical_headers.h"

namespace credmint {

/// Returns SigV4's canonical request, whose hash is part of the string to sign. It consists of
/// method, canonical URI, canonical query, canonical headers, their names, and the body's SHA-256
/// in lower-case hexadecimal. `headers` are those of `request`.
std::string CanonicalRequest(const HttpRequest& request, const CanonicalHeaders& headers,
                             std::string_view payload_sha256);

}  // namespace credmint
