// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

// The attributes of a TPM's key (TPMA_OBJECT, TPM 2.0 Part 2 section 8.3).
inline constexpr std::uint32_t kFixedTpm = 1U << 1U;
inline constexpr std::uint32_t kFixedParent = 1U << 4U;
inline constexpr std::uint32_t kSensitiveDataOrigin = 1U << 5U;
inline constexpr std::uint32_t kUserWithAuth = 1U << 6U;
inline constexpr std::uint32_t kAdminWithPolicy = 1U << 7U;
inline constexpr std::uint32_t kNoLockout = 1U << 10U;
inline constexpr std::uint32_t kRestricted = 1U << 16U;
inline constexpr std::uint32_t kDecrypt = 1U << 17U;
inline constexpr std::uint32_t kSign = 1U << 18U;

/// The attributes of a key that was made in its TPM and cannot leave it.
inline constexpr std::uint32_t kCannotLeave = kFixedTpm | kFixedParent | kSensitiveDataOrigin;

/// How a key signs (TPMI_ALG_SIG_SCHEME): PKCS#1 v1.5, PSS or ECDSA, or anyhow.
enum class TpmScheme : std::uint16_t {
  kAny = 0x0010,
  kPkcs1 = 0x0014,
  kPss = 0x0016,
  kEcdsa = 0x0018
};

/// The public area of a TPM's key: TPMT_PUBLIC (TPM 2.0 Part 2 section 12.2.4).
struct KeyArea {
  Bytes name;  ///< the number of the hash, and the hash of the area: what the TPM calls the key
  std::uint16_t name_hash = 0;
  std::uint32_t attributes = 0;
  Bytes policy;  ///< the digest; empty if there is none
  TpmScheme scheme = TpmScheme::kAny;
  std::uint16_t scheme_hash = 0;  ///< 0 with kAny
  std::shared_ptr<EVP_PKEY> key;  ///< the public key

  [[nodiscard]] bool Has(std::uint32_t wanted) const { return (attributes & wanted) == wanted; }
};

/// Reads a public area behind its size, from an untrusted host. It must be an RSA key of 2048 to
/// 4096 bits, or a key on P-256, P-384 or P-521, named with SHA-256 or better. Fails with
/// kAttestation, and with kInternal if OpenSSL cannot hash.
Result<KeyArea> ReadKeyArea(const LibraryContext& context, ByteView sized);

}  // namespace credmint
