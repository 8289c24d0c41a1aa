// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <cstddef>
#include <optional>

namespace credmint::tpm2 {

/// A hash, by its TPM 2.0 algorithm identifier.
struct TpmHash {
  TPMI_ALG_HASH algorithm = TPM2_ALG_NULL;
  std::size_t size = 0;   ///< of a digest, in bytes
  const char* name = "";  ///< OpenSSL's: "SHA256"

  bool operator==(const TpmHash& other) const { return algorithm == other.algorithm; }
};

/// Knows SHA-1, SHA-256, SHA-384 and SHA-512; nullopt for any other identifier.
std::optional<TpmHash> FindTpmHash(TPMI_ALG_HASH algorithm);

}  // namespace credmint::tpm2
