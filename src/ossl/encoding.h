// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ossl/handles.h"

namespace credmint {

/// Lower-case hexadecimal, two digits per byte.
std::string Hex(ByteView bytes);

/// Padded base64 in the standard alphabet, without line breaks (RFC 4648 section 4).
std::string Base64(ByteView bytes);

/// Decodes Base64(); empty if the text is not base64.
Bytes FromBase64(std::string_view text);

/// Views text as bytes.
inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace credmint
