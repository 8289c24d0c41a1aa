// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>

#include "ossl/der_element.h"
#include "ossl/handles.h"

namespace credmint::tpm2 {

inline constexpr std::uint8_t kExplicitTag = 0xa0;  ///< of field [0]; the others follow
inline constexpr std::uint8_t kDerUtf8 = 0x0c;

/// As credmint::DerElement(); in this namespace, DerElement is what a DerReader reads.
Bytes Element(std::uint8_t tag, std::initializer_list<ByteView> parts);

/// An INTEGER, which is positive: a zero byte precedes a set highest bit.
Bytes DerNumber(std::uint32_t value);

}  // namespace credmint::tpm2
