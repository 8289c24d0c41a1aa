// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// The canonical form of a query string as it is sent, without its '?': parameters decoded, encoded
/// by SigV4's rules ('=' inside a value twice), sorted by name and then by value, each with a '='
/// (CONTRACT section 2). Empty for an empty query.
std::string CanonicalQuery(std::string_view query);

}  // namespace credmint
