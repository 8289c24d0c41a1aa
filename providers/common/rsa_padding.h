// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <optional>

#include "base/error.h"
#include "common/digest_table.h"
#include "common/signature_request.h"

namespace credmint::provider {

/// RSA_PSS_SALTLEN_AUTO_DIGEST_MAX, which OpenSSL 3.0 lacks.
inline constexpr int kSaltAutoDigestMax = -4;

/// The padding of an RSA signature, as set by OpenSSL's parameters (provider-signature(7)): PKCS#1
/// v1.5, or PSS with a salt length and an MGF1 digest.
///
/// A salt length is a number of bytes or one of OpenSSL's words:
///
/// * "digest": as long as the digest
/// * "max": the longest that fits
/// * "auto": the longest that fits; when verifying, any
/// * "auto-digestmax", the default: as long as the digest, at most what fits; when verifying, any
///
/// The MGF1 digest defaults to the signature's own.
class RsaPadding {
 public:
  /// Applies pad mode, salt length and MGF1 digest, if present.
  ///
  /// Fails with kKeyUnusable for an unsupported value, and with kUsage for contradictory values,
  /// such as a salt length without PSS. After a failure the earlier values stay.
  Result<void> Set(const OSSL_PARAM params[], DigestTable& digests);
  /// Fills in those of the three that are requested. False if a value does not fit its parameter.
  [[nodiscard]] bool Get(OSSL_PARAM params[], const DigestEntry* digest) const;

  [[nodiscard]] SignatureScheme scheme() const;
  /// PSS only: the parameters to sign with. Fails with kUsage if digest and salt do not fit a
  /// modulus of `bits` bits.
  [[nodiscard]] Result<PssParameters> Resolve(const DigestEntry& digest, int bits) const;
  /// Applies this padding to a verification by OpenSSL's default provider.
  [[nodiscard]] Result<void> Apply(EVP_PKEY_CTX* verifier, const DigestEntry& digest) const;
  /// PSS only: the DER AlgorithmIdentifier with RSASSA-PSS-params (RFC 4055 section 3.1).
  [[nodiscard]] Result<Bytes> AlgorithmIdentifier(const DigestEntry& digest, int bits) const;

 private:
  [[nodiscard]] const DigestEntry& Mgf1(const DigestEntry& digest) const;

  bool pss_ = false;
  int salt_length_ = kSaltAutoDigestMax;  ///< bytes, or one of OpenSSL's negative numbers
  const DigestEntry* mgf1_ = nullptr;
};

}  // namespace credmint::provider
