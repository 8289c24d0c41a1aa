// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// The canonical URI of a path as it is sent, that is, percent-encoded once: dot segments resolved
/// (RFC 3986 section 5.2.4), repeated slashes made one, each segment encoded a second time; "/" for
/// an empty path (CONTRACT section 2).
std::string CanonicalUri(std::string_view path);

}  // namespace credmint
