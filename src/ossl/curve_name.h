// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ossl/handles.h"

namespace credmint {

/// OpenSSL's name of the curve with this OBJECT IDENTIFIER, an element of DER. Null for explicit
/// parameters and unknown curves.
const char* CurveName(ByteView oid);

}  // namespace credmint
