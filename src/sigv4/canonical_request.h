// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "sigv4/canonical_headers.h"

namespace credmint {

/// SigV4's text of a request, whose hash is what gets signed: method, canonical URI, canonical
/// query, canonical headers, their names, and the SHA-256 of the body in lower-case hexadecimal.
/// `headers` are those of the request.
std::string CanonicalRequest(const HttpRequest& request, const CanonicalHeaders& headers,
                             std::string_view payload_sha256);

}  // namespace credmint
