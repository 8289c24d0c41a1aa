// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "ossl/handles.h"

namespace credmint::tpm2 {

/// An INTEGER, which is positive: a zero byte precedes a set highest bit.
Bytes DerNumber(std::uint32_t value);

/// Reads the contents of an INTEGER as an unsigned number of at most 32 bits. Accepts a negative
/// number in exactly four bytes: old writers encode numbers with the highest bit set that way.
std::optional<std::uint32_t> ReadUint32(ByteView integer);

}  // namespace credmint::tpm2
