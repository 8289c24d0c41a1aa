// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>

#include "ossl/handles.h"

namespace credmint {

// Tags of DER (X.690), as far as they are written here.
inline constexpr std::uint8_t kDerBoolean = 0x01;
inline constexpr std::uint8_t kDerInteger = 0x02;
inline constexpr std::uint8_t kDerBitString = 0x03;
inline constexpr std::uint8_t kDerOctetString = 0x04;
inline constexpr std::uint8_t kDerIdentifier = 0x06;
inline constexpr std::uint8_t kDerUtf8String = 0x0c;
inline constexpr std::uint8_t kDerSequence = 0x30;
inline constexpr std::uint8_t kDerSet = 0x31;
inline constexpr std::uint8_t kDerExplicit = 0xa0;  ///< of field [0]; the others follow

/// An element of DER: the tag, the length of all parts, and the parts one after the other.
Bytes DerElement(std::uint8_t tag, std::initializer_list<ByteView> parts);

}  // namespace credmint
