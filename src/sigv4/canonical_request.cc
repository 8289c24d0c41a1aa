// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_request.h"

#include <fmt/format.h>

#include "sigv4/canonical_query.h"
#include "sigv4/canonical_uri.h"

namespace credmint {

std::string CanonicalRequest(const HttpRequest& request, const CanonicalHeaders& headers,
                             std::string_view payload_sha256) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, CanonicalUri(request.url.path),
                     CanonicalQuery(request.url.query), headers.lines, headers.signed_names,
                     payload_sha256);
}

}  // namespace credmint
