// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "common/key.h"
#include "tpm2/device/tpm_hash.h"

namespace credmint::tpm2 {

/// A digest as TPM2_Sign takes it.
struct DigestToSign {
  TPMT_SIG_SCHEME scheme{};
  TPM2B_DIGEST digest{};
};

/// How a key in a TPM signs: RSASSA (PKCS#1 v1.5) and RSAPSS, or ECDSA, with any hash or with the
/// scheme and hash fixed at its creation.
struct SigningScheme {
  /// TPM2_ALG_ECDSA, TPM2_ALG_RSASSA, or TPM2_ALG_RSAPSS for a key fixed to that.
  TPMI_ALG_SIG_SCHEME algorithm = TPM2_ALG_NULL;
  std::optional<TpmHash> fixed_hash;
  std::size_t order_size = 0;  ///< ECDSA: bytes of the curve's order
  /// RSA: the key decrypts as well, and without a padding of its own. TPM2_RSA_Decrypt then does
  /// the bare RSA operation, with which a PSS signature can have any salt.
  bool decrypts = false;

  /// Fails with kKeyUnusable for a scheme that the key does not have, and for PSS whose MGF1 digest
  /// is another than the signature's.
  [[nodiscard]] Result<void> Allow(const provider::SignatureRequest& request) const;

  /// Says what TPM2_Sign must be given to sign the request's digest.
  ///
  /// For PSS the TPM chooses the length of the salt: as long as the digest where the specification
  /// is read with FIPS 186-4 in mind (libtpms 0.9.2 does so, measured with SHA-256, -384 and -512
  /// on 2048 and 3072 bits), the longest that fits in older TPMs.
  ///
  /// An ECDSA key fixed to a longer hash still signs a shorter digest: with zero bytes in front it
  /// is the same integer, as long as the curve's order does not truncate it. Any other digest than
  /// the fixed one, and SHA-224, which TPMs do not know, fail with kKeyUnusable.
  [[nodiscard]] Result<DigestToSign> Fit(const provider::SignatureRequest& request) const;
};

}  // namespace credmint::tpm2
