// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// A URI as messages may show it: without the values of what may be a secret, which are those of
/// attributes that RFC 7512 does not know where `rfc7512`, and of all whose names speak of a PIN or
/// a password. One that is long and no well-formed URI of RFC 7512 is described instead.
std::string ShownUri(std::string_view uri, bool rfc7512);

}  // namespace credmint
