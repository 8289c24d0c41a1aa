// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tpm_hash.h"

#include <algorithm>
#include <array>

namespace credmint::tpm2 {
namespace {

constexpr std::array<TpmHash, 4> kHashes = {{
    {TPM2_ALG_SHA1, TPM2_SHA1_DIGEST_SIZE, "SHA1"},
    {TPM2_ALG_SHA256, TPM2_SHA256_DIGEST_SIZE, "SHA256"},
    {TPM2_ALG_SHA384, TPM2_SHA384_DIGEST_SIZE, "SHA384"},
    {TPM2_ALG_SHA512, TPM2_SHA512_DIGEST_SIZE, "SHA512"},
}};

}  // namespace

std::optional<TpmHash> FindTpmHash(TPMI_ALG_HASH algorithm) {
  const auto* const found =
      std::find_if(kHashes.begin(), kHashes.end(),
                   [&](const TpmHash& candidate) { return candidate.algorithm == algorithm; });
  return found == kHashes.end() ? std::nullopt : std::optional(*found);
}

}  // namespace credmint::tpm2
