// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "base/error.h"
#include "ossl/library_context.h"

namespace credmint {

/// A hash with which a TPM names things.
struct HashKind {
  std::uint16_t number = 0;  ///< TPM_ALG_ID, TPM 2.0 Part 2 section 6.3
  std::size_t size = 0;      ///< of a digest, in bytes
  const char* name = "";     ///< OpenSSL's: "SHA256"
};

/// Knows SHA-256, SHA-384 and SHA-512, which still prove something; null for any other.
const HashKind* FindHash(std::uint16_t number);

/// The digest of the parts, one after the other. Fails with kInternal.
Result<Bytes> HashOf(const LibraryContext& context, const HashKind& hash,
                     std::initializer_list<ByteView> parts);

/// The HMAC (RFC 2104) of the parts, one after the other. Fails with kInternal.
Result<Bytes> HmacOf(const LibraryContext& context, const HashKind& hash, ByteView key,
                     std::initializer_list<ByteView> parts);

}  // namespace credmint
