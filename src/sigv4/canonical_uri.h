// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// Returns the canonical URI of a path given as sent, that is, percent-encoded once (CONTRACT
/// section 2). Dot segments are resolved (RFC 3986 section 5.2.4), repeated slashes merged, and
/// each segment is encoded a second time. "/" for an empty path.
std::string CanonicalUri(std::string_view path);

}  // namespace credmint
