// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/mechanism.h"

#include <fmt/format.h>

#include <optional>

#include "common/kept_message.h"
#include "pkcs11/ck_error.h"

namespace credmint::pkcs11 {
namespace {

using provider::Digest;
using provider::SignatureRequest;
using provider::SignatureScheme;

struct Mechanism {
  CK_MECHANISM_TYPE type;
  const char* name;
};

/// The mechanisms of a scheme: one over a digest, and one over the message for each Digest.
struct Mechanisms {
  Mechanism over_digest;
  std::array<Mechanism, 4> over_message;
};

constexpr Mechanism kEddsa = {CKM_EDDSA, "CKM_EDDSA"};

/// By SignatureScheme, for the schemes that have both kinds.
constexpr std::array<Mechanisms, 3> kMechanisms = {{
    {{CKM_RSA_PKCS, "CKM_RSA_PKCS"},
     {{{CKM_SHA224_RSA_PKCS, "CKM_SHA224_RSA_PKCS"},
       {CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS"},
       {CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS"},
       {CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS"}}}},
    {{CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS"},
     {{{CKM_SHA224_RSA_PKCS_PSS, "CKM_SHA224_RSA_PKCS_PSS"},
       {CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS"},
       {CKM_SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS"},
       {CKM_SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS"}}}},
    {{CKM_ECDSA, "CKM_ECDSA"},
     {{{CKM_ECDSA_SHA224, "CKM_ECDSA_SHA224"},
       {CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256"},
       {CKM_ECDSA_SHA384, "CKM_ECDSA_SHA384"},
       {CKM_ECDSA_SHA512, "CKM_ECDSA_SHA512"}}}},
}};

/// The PKCS#11 names of a hash, by Digest.
struct HashNames {
  CK_MECHANISM_TYPE hash;
  CK_RSA_PKCS_MGF_TYPE mgf1;
  std::uint8_t oid_end;  ///< last byte of its OID, 2.16.840.1.101.3.4.2.x
};
constexpr std::array<HashNames, 4> kHashes = {{{CKM_SHA224, CKG_MGF1_SHA224, 4},
                                               {CKM_SHA256, CKG_MGF1_SHA256, 1},
                                               {CKM_SHA384, CKG_MGF1_SHA384, 2},
                                               {CKM_SHA512, CKG_MGF1_SHA512, 3}}};

template <typename Table, typename Index>
auto& At(Table& table, Index index) {
  return table[static_cast<std::size_t>(index)];
}

/// The codes that mean: this key does not sign with this mechanism.
bool IsRefusal(CK_RV result) {
  return result == CKR_MECHANISM_INVALID || result == CKR_MECHANISM_PARAM_INVALID ||
         result == CKR_KEY_FUNCTION_NOT_PERMITTED || result == CKR_FUNCTION_NOT_SUPPORTED;
}

/// DER of the DigestInfo (RFC 8017 section 9.2, note 1). The variants differ in the last byte of
/// the hash's OID and in the lengths.
Bytes DigestInfo(Digest digest, ByteView value) {
  const auto size = static_cast<std::uint8_t>(value.size());
  Bytes info = {0x30, static_cast<std::uint8_t>(17 + size),
                0x30, 0x0d,
                0x06, 0x09,
                0x60, 0x86,
                0x48, 0x01,
                0x65, 0x03,
                0x04, 0x02,
                0x00, 0x05,
                0x00, 0x04,
                size};
  info[14] = At(kHashes, digest).oid_end;
  info.insert(info.end(), value.begin(), value.end());
  return info;
}

SignInput DigestInput(const SignatureRequest& request) {
  if (request.scheme != SignatureScheme::kRsaPkcs1) return SignInput(request.digest_value);
  return SignInput(DigestInfo(request.digest, request.digest_value));
}

CK_RV Try(const Mechanism& mechanism, const SignatureRequest& request, const SignInit& sign_init) {
  if (request.scheme != SignatureScheme::kRsaPss) {
    CK_MECHANISM plain = {mechanism.type, nullptr, 0};
    return sign_init(&plain);
  }
  CK_RSA_PKCS_PSS_PARAMS pss = {At(kHashes, request.digest).hash,
                                At(kHashes, request.pss.mgf1_digest).mgf1,
                                static_cast<CK_ULONG>(request.pss.salt_length)};
  CK_MECHANISM with_parameters = {mechanism.type, &pss, sizeof pss};
  return sign_init(&with_parameters);
}

Error Failure(CK_RV result, const SignatureRequest& request) {
  Error error = CkError("SignInit", result);
  if (request.scheme == SignatureScheme::kRsaPss && request.pss.mgf1_digest != request.digest) {
    error.hint = "many tokens want the MGF1 digest to be the signature's own";
  }
  return error;
}

Error Refused(const Mechanisms& mechanisms, CK_RV result, const SignatureRequest& request) {
  const char* by_host = mechanisms.over_digest.name;
  const char* by_token = At(mechanisms.over_message, request.digest).name;
  if (!request.message) {
    return {ErrorCode::kKeyUnusable,
            fmt::format("the token refuses {} for this key ({}), and {} needs the message, which "
                        "is not at hand",
                        by_host, CkName(result), by_token),
            fmt::format("sign the message itself, in one piece or with at most {} bytes",
                        provider::KeptMessage::kMaxSize)};
  }
  return {ErrorCode::kKeyUnusable,
          fmt::format("the token refuses both {} and {} for this key ({})", by_host, by_token,
                      CkName(result)),
          Failure(result, request).hint};
}

Error RefusedEddsa(CK_RV result) {
  Error error = CkError("SignInit", result);
  error.code = ErrorCode::kKeyUnusable;
  error.message = fmt::format("the token refuses CKM_EDDSA for this key ({})", CkName(result));
  return error;
}

}  // namespace

Result<SignInput> MechanismChoice::Begin(const SignatureRequest& request,
                                         const SignInit& sign_init) const {
  if (request.scheme == SignatureScheme::kEd25519) {
    const CK_RV result = Try(kEddsa, request, sign_init);
    if (IsRefusal(result)) return Fail(RefusedEddsa(result));
    if (result != CKR_OK) return Fail(CkError("SignInit", result));
    return SignInput(request.message.value_or(ByteView()));
  }
  const Mechanisms& mechanisms = At(kMechanisms, request.scheme);
  std::atomic<bool>& token_hashes = At(token_hashes_, request.scheme);
  CK_RV result = CKR_MECHANISM_INVALID;
  const bool token_first = token_hashes;
  for (const bool by_token : {token_first, !token_first}) {
    if (by_token && !request.message) continue;
    result = Try(by_token ? At(mechanisms.over_message, request.digest) : mechanisms.over_digest,
                 request, sign_init);
    if (result == CKR_OK) {
      token_hashes = by_token;
      return by_token ? SignInput(*request.message) : DigestInput(request);
    }
    if (!IsRefusal(result)) return Fail(Failure(result, request));
  }
  return Fail(Refused(mechanisms, result, request));
}

}  // namespace credmint::pkcs11
