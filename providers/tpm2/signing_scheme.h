#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "common/key.h"

namespace credmint::tpm2 {

/// A hash by its TPM 2.0 algorithm identifier, and its size in bytes.
struct TpmHash {
  TPMI_ALG_HASH algorithm = TPM2_ALG_NULL;
  std::size_t size = 0;

  bool operator==(const TpmHash&) const = default;
};

/// The hash of an identifier; none for one this provider does not know.
std::optional<TpmHash> FindTpmHash(TPMI_ALG_HASH algorithm);

/// A digest as TPM2_Sign takes it.
struct DigestToSign {
  TPMT_SIG_SCHEME scheme{};
  TPM2B_DIGEST digest{};
};

/// How a key in a TPM signs: RSASSA or ECDSA, with any hash or with the one fixed at its creation.
struct SigningScheme {
  TPMI_ALG_SIG_SCHEME algorithm = TPM2_ALG_NULL;  ///< TPM2_ALG_RSASSA or TPM2_ALG_ECDSA
  std::optional<TpmHash> fixed_hash;
  std::size_t order_size = 0;  ///< ECDSA: bytes of the curve's order

  /// Fails with kKeyUnusable for any scheme but the key's own: RSASSA-PSS, in the first place.
  [[nodiscard]] Result<void> Allow(provider::SignatureScheme scheme) const;

  /// Says what TPM2_Sign must be given to sign `value`, made with `digest`.
  ///
  /// An ECDSA key fixed to a longer hash still signs a shorter digest: with zero bytes in front it
  /// is the same integer, as long as the curve's order does not truncate it. Any other digest than
  /// the fixed one, and SHA-224, which TPMs do not know, fail with kKeyUnusable.
  [[nodiscard]] Result<DigestToSign> Fit(provider::Digest digest, ByteView value) const;
};

}  // namespace credmint::tpm2
