// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <optional>

#include "base/error.h"
#include "common/digest_table.h"
#include "common/signature_request.h"

namespace credmint::provider {

/// RSA_PSS_SALTLEN_AUTO_DIGEST_MAX, which OpenSSL 3.0 does not know yet.
inline constexpr int kSaltAutoDigestMax = -4;

/// The padding of an RSA signature as OpenSSL's parameters set it (provider-signature(7)): PKCS#1
/// v1.5, or PSS with a salt length and an MGF1 digest.
///
/// Salt lengths are bytes or OpenSSL's words: "digest" (as long as the digest), "max" and "auto"
/// (as long as fits; when verifying, "auto" takes any) and "auto-digestmax", the default (as long
/// as the digest if that fits; when verifying, any). The MGF1 digest is the signature's own unless
/// set.
class RsaPadding {
 public:
  /// Takes over pad mode, salt length and MGF1 digest, as far as they are there. Fails with
  /// kKeyUnusable for what is not supported and kUsage for values that contradict each other, such
  /// as a salt length without PSS; what was set before then stays.
  Result<void> Set(const OSSL_PARAM params[], DigestTable& digests);
  /// Answers those of the three that are asked for; false if one does not fit its place.
  [[nodiscard]] bool Get(OSSL_PARAM params[], const DigestEntry* digest) const;

  [[nodiscard]] SignatureScheme scheme() const;
  /// PSS only: what to sign with. Fails with kUsage if digest and salt do not fit a modulus of
  /// `bits`.
  [[nodiscard]] Result<PssParameters> Resolve(const DigestEntry& digest, int bits) const;
  /// Sets the same in OpenSSL's default provider, to verify.
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
