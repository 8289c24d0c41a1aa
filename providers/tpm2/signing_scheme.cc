#include "tpm2/signing_scheme.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace credmint::tpm2 {
namespace {

using provider::Digest;
using provider::SignatureScheme;

constexpr std::array<TpmHash, 4> kHashes = {{
    {TPM2_ALG_SHA1, TPM2_SHA1_DIGEST_SIZE},
    {TPM2_ALG_SHA256, TPM2_SHA256_DIGEST_SIZE},
    {TPM2_ALG_SHA384, TPM2_SHA384_DIGEST_SIZE},
    {TPM2_ALG_SHA512, TPM2_SHA512_DIGEST_SIZE},
}};

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

}  // namespace

std::optional<TpmHash> FindTpmHash(TPMI_ALG_HASH algorithm) {
  for (const TpmHash& hash : kHashes) {
    if (hash.algorithm == algorithm) return hash;
  }
  return std::nullopt;
}

Result<void> SigningScheme::Allow(SignatureScheme scheme) const {
  const auto own =
      algorithm == TPM2_ALG_ECDSA ? SignatureScheme::kEcdsa : SignatureScheme::kRsaPkcs1;
  if (scheme == own) return {};
  if (scheme == SignatureScheme::kRsaPss) {
    return Fail(ErrorCode::kKeyUnusable, "RSA keys in a TPM sign with PKCS#1 v1.5 here, not PSS",
                "leave the padding at its default; TLS 1.3 needs PSS, so limit TLS to 1.2 or use "
                "an EC key");
  }
  return Fail(ErrorCode::kKeyUnusable, "the TPM key does not have this kind of signature");
}

Result<DigestToSign> SigningScheme::Fit(Digest digest, ByteView value) const {
  const auto hash = ToTpmHash(digest);
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
  result.scheme.scheme = algorithm;
  result.scheme.details.any.hashAlg = named.algorithm;
  result.digest.size = static_cast<UINT16>(named.size);
  std::copy(value.begin(), value.end(), result.digest.buffer + (named.size - hash->size));
  return result;
}

}  // namespace credmint::tpm2
