// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ossl/handles.h"

namespace credmint {

/// Lower-case hexadecimal, two digits a byte.
std::string Hex(ByteView bytes);

/// Standard-alphabet, padded base64 without line breaks (RFC 4648 section 4).
std::string Base64(ByteView bytes);

/// The inverse; empty for what is no such text.
Bytes FromBase64(std::string_view text);

/// A view of text as bytes.
inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace credmint
