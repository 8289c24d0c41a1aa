// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "common/key.h"
#include "tpm2/device/tpm_hash.h"

namespace credmint::tpm2 {

/// A digest in the form that TPM2_Sign accepts.
struct DigestToSign {
  TPMT_SIG_SCHEME scheme{};
  TPM2B_DIGEST digest{};
};

/// How a key in a TPM signs: RSASSA (PKCS#1 v1.5) and RSAPSS, or ECDSA. It accepts any hash, or
/// only the scheme and hash fixed at its creation.
struct SigningScheme {
  /// TPM2_ALG_ECDSA, TPM2_ALG_RSASSA, or TPM2_ALG_RSAPSS for a key fixed to that.
  TPMI_ALG_SIG_SCHEME algorithm = TPM2_ALG_NULL;
  std::optional<TpmHash> fixed_hash;
  std::size_t order_size = 0;  ///< ECDSA: bytes of the curve's order
  /// RSA: the key also decrypts, and without a fixed padding. TPM2_RSA_Decrypt then does the bare
  /// RSA operation, so that a PSS signature can have any salt.
  bool decrypts = false;

  /// Fails with kKeyUnusable for a scheme that the key lacks, and for PSS with an MGF1 digest other
  /// than the signature's.
  [[nodiscard]] Result<void> Allow(const provider::SignatureRequest& request) const;

  /// The input of TPM2_Sign for the request's digest.
  ///
  /// For PSS the TPM chooses the length of the salt. A TPM that follows FIPS 186-4 makes it as long
  /// as the digest. Measured with SHA-256, -384 and -512 on 2048 and 3072 bits, libtpms 0.9.2 does
  /// so. Older TPMs use the longest salt that fits.
  ///
  /// An ECDSA key fixed to a longer hash still signs a shorter digest. With leading zero bytes it
  /// is the same integer, as long as the curve's order does not truncate it. Fails with
  /// kKeyUnusable for any other digest than the fixed one, and for SHA-224, which TPMs do not know.
  [[nodiscard]] Result<DigestToSign> Fit(const provider::SignatureRequest& request) const;
};

}  // namespace credmint::tpm2
