// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy_signature.h"

#include <openssl/ecdsa.h>

#include <algorithm>

#include "ossl/error_queue.h"
#include "ossl/handles.h"
#include "tpm2/device/tpm_hash.h"

namespace credmint::tpm2 {
namespace {

template <typename Buffer>
void Append(Bytes& bytes, const Buffer& buffer) {
  bytes.insert(bytes.end(), buffer.buffer, buffer.buffer + buffer.size);
}

/// The fixed hash, if any, is in the same place for both kinds of keys.
TPMI_ALG_HASH HashOf(const TPMT_PUBLIC& key) {
  const TPMT_ASYM_SCHEME& scheme = key.parameters.asymDetail.scheme;
  return scheme.scheme == TPM2_ALG_NULL ? TPM2_ALG_SHA256 : scheme.details.anySig.hashAlg;
}

Result<Bytes> Sign(EVP_PKEY* signer, OSSL_LIB_CTX* context, const char* hash, ByteView message) {
  const MdCtxPtr digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  Bytes signature;
  const bool sized =
      digest &&
      EVP_DigestSignInit_ex(digest.get(), nullptr, hash, context, nullptr, signer, nullptr) == 1 &&
      EVP_DigestSign(digest.get(), nullptr, &size, message.data(), message.size()) == 1;
  signature.resize(size);
  if (!sized ||
      EVP_DigestSign(digest.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kKeyUnusable).In("signing for the TPM key's policy"));
  }
  signature.resize(size);
  return signature;
}

bool Store(const BIGNUM* number, TPM2B_ECC_PARAMETER& parameter) {
  const int size = BN_num_bytes(number);
  if (size > static_cast<int>(sizeof parameter.buffer)) return false;
  parameter.size = static_cast<UINT16>(BN_bn2bin(number, parameter.buffer));
  return true;
}

bool StoreEcdsa(const Bytes& der, TPMS_SIGNATURE_ECDSA& signature) {
  const unsigned char* cursor = der.data();
  const EcdsaSigPtr parsed(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
  return parsed && Store(ECDSA_SIG_get0_r(parsed.get()), signature.signatureR) &&
         Store(ECDSA_SIG_get0_s(parsed.get()), signature.signatureS);
}

bool StoreRsa(const Bytes& bytes, TPMS_SIGNATURE_RSA& signature) {
  if (bytes.size() > sizeof signature.sig.buffer) return false;
  std::copy(bytes.begin(), bytes.end(), signature.sig.buffer);
  signature.sig.size = static_cast<UINT16>(bytes.size());
  return true;
}

Result<TPMT_SIGNATURE> SignMessage(EVP_PKEY* signer, OSSL_LIB_CTX* context, const TPM2B_PUBLIC& key,
                                   ByteView message) {
  const auto hash = FindTpmHash(HashOf(key.publicArea));
  const bool is_rsa = key.publicArea.type == TPM2_ALG_RSA;
  const bool is_ec = key.publicArea.type == TPM2_ALG_ECC;
  if (!hash || (!is_rsa && !is_ec) || EVP_PKEY_is_a(signer, is_rsa ? "RSA" : "EC") != 1) {
    return Fail(ErrorCode::kKeyUnusable,
                "the key given for the policy is not of the kind that the TPM key's policy names");
  }
  const auto bytes = Sign(signer, context, hash->name, message);
  if (!bytes) return Fail(bytes);
  TPMT_SIGNATURE signature{};
  signature.sigAlg = is_rsa ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA;
  signature.signature.any.hashAlg = hash->algorithm;
  const bool stored = is_rsa ? StoreRsa(*bytes, signature.signature.rsassa)
                             : StoreEcdsa(*bytes, signature.signature.ecdsa);
  if (!stored) {
    return Fail(ErrorCode::kKeyUnusable, "the key given for the policy is too long for a TPM");
  }
  return signature;
}

}  // namespace

Result<TPMT_SIGNATURE> SignUse(EVP_PKEY* signer, OSSL_LIB_CTX* context, const TPM2B_PUBLIC& key,
                               const TPM2B_NONCE& nonce, const TPM2B_NONCE& policy_ref) {
  Bytes message;
  Append(message, nonce);
  message.insert(message.end(), sizeof(INT32), 0);
  Append(message, policy_ref);
  return SignMessage(signer, context, key, message);
}

Result<TPMT_SIGNATURE> SignPolicy(EVP_PKEY* signer, OSSL_LIB_CTX* context, const TPM2B_PUBLIC& key,
                                  const TPM2B_DIGEST& policy, const TPM2B_NONCE& policy_ref) {
  Bytes message;
  Append(message, policy);
  Append(message, policy_ref);
  return SignMessage(signer, context, key, message);
}

Result<TPM2B_DIGEST> DigestToAuthorize(OSSL_LIB_CTX* context, const TPMT_SIGNATURE& signature,
                                       const TPM2B_DIGEST& policy, const TPM2B_NONCE& policy_ref) {
  const auto hash = FindTpmHash(signature.signature.any.hashAlg);
  if (!hash) {
    return Fail(ErrorCode::kKeyUnusable, "the policy is signed with an unknown hash");
  }
  Bytes message;
  Append(message, policy);
  Append(message, policy_ref);
  TPM2B_DIGEST digest{};
  std::size_t size = sizeof digest.buffer;
  if (EVP_Q_digest(context, hash->name, nullptr, message.data(), message.size(), digest.buffer,
                   &size) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("hashing a signed policy"));
  }
  digest.size = static_cast<UINT16>(size);
  return digest;
}

}  // namespace credmint::tpm2
