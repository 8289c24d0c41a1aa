// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// A URI in a form that messages may show: values that may be secret are removed.
///
/// With `rfc7512`, these are the values of attributes that RFC 7512 does not know. Otherwise they
/// are those whose name suggests a PIN or a password. A long text that is not a well-formed RFC
/// 7512 URI is described instead.
std::string ShownUri(std::string_view uri, bool rfc7512);

}  // namespace credmint
