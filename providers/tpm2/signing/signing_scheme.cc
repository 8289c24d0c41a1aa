// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/signing_scheme.h"

#include <fmt/format.h>

#include <algorithm>

namespace credmint::tpm2 {
namespace {

using provider::Digest;
using provider::SignatureRequest;
using provider::SignatureScheme;

std::optional<TpmHash> ToTpmHash(Digest digest) {
  switch (digest) {
    case Digest::kSha256:
      return FindTpmHash(TPM2_ALG_SHA256);
    case Digest::kSha384:
      return FindTpmHash(TPM2_ALG_SHA384);
    case Digest::kSha512:
      return FindTpmHash(TPM2_ALG_SHA512);
    case Digest::kSha224:
      break;
  }
  return std::nullopt;
}

/// TPM2_ALG_NULL for a scheme that no TPM key has.
TPMI_ALG_SIG_SCHEME ToTpmScheme(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kRsaPkcs1:
      return TPM2_ALG_RSASSA;
    case SignatureScheme::kRsaPss:
      return TPM2_ALG_RSAPSS;
    case SignatureScheme::kEcdsa:
      return TPM2_ALG_ECDSA;
    case SignatureScheme::kEd25519:
      break;
  }
  return TPM2_ALG_NULL;
}

tl::unexpected<Error> OtherPaddingOnly(const char* padding) {
  return Fail(ErrorCode::kKeyUnusable,
              fmt::format("the TPM key signs only with {}, as fixed at its creation", padding),
              "create an RSA key without a fixed scheme (tpm2_create -G rsa2048); it signs PKCS#1 "
              "v1.5 for IAM Roles Anywhere and PSS for TLS 1.3");
}

}  // namespace

Result<void> SigningScheme::Allow(const SignatureRequest& request) const {
  const TPMI_ALG_SIG_SCHEME wanted = ToTpmScheme(request.scheme);
  const bool rsa = wanted == TPM2_ALG_RSASSA || wanted == TPM2_ALG_RSAPSS;
  if (rsa == (algorithm == TPM2_ALG_ECDSA) || wanted == TPM2_ALG_NULL) {
    return Fail(ErrorCode::kKeyUnusable, "the TPM key cannot make this kind of signature");
  }
  if (wanted != algorithm && (fixed_hash || algorithm == TPM2_ALG_RSAPSS)) {
    return OtherPaddingOnly(algorithm == TPM2_ALG_RSAPSS ? "PSS" : "PKCS#1 v1.5");
  }
  if (wanted == TPM2_ALG_RSAPSS && request.pss.mgf1_digest != request.digest) {
    return Fail(ErrorCode::kKeyUnusable,
                "a TPM uses the same digest for the message and for MGF1 of PSS",
                "leave the MGF1 digest at its default");
  }
  return {};
}

Result<DigestToSign> SigningScheme::Fit(const SignatureRequest& request) const {
  const ByteView value = request.digest_value;
  const auto hash = ToTpmHash(request.digest);
  if (!hash || value.size() != hash->size) {
    return Fail(ErrorCode::kKeyUnusable, "a TPM cannot sign this kind of digest",
                "use SHA256, SHA384 or SHA512");
  }
  const TpmHash& named = fixed_hash ? *fixed_hash : *hash;
  const bool padded =
      algorithm == TPM2_ALG_ECDSA && named.size > hash->size && named.size <= order_size;
  if (named != *hash && !padded) {
    return Fail(ErrorCode::kKeyUnusable,
                fmt::format("the TPM key signs only digests of {} bytes, as fixed at its creation, "
                            "not of {}",
                            named.size, hash->size),
                "use that digest, or create a key without a fixed scheme");
  }
  DigestToSign result;
  result.scheme.scheme = ToTpmScheme(request.scheme);
  result.scheme.details.any.hashAlg = named.algorithm;
  result.digest.size = static_cast<UINT16>(named.size);
  std::copy(value.begin(), value.end(), result.digest.buffer + (named.size - hash->size));
  return result;
}

}  // namespace credmint::tpm2
