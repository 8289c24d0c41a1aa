// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// Returns the canonical form of a query string, given as sent and without its '?' (CONTRACT
/// section 2). Parameters are decoded, then encoded by SigV4's rules, with '=' inside a value
/// encoded twice. They are sorted by name and then by value, and each has a '='. Empty for an empty
/// query.
std::string CanonicalQuery(std::string_view query);

}  // namespace credmint
