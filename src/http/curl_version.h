// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace credmint {

/// The libcurl in use, in one line: its version, where it comes from, its TLS library, the
/// protocols that it speaks and its features. Fails as LoadCurl().
Result<std::string> DescribeCurl();

}  // namespace credmint
