// SPDX-License-Identifier: Apache-2.0
#include "common/known_keys.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

bool VerifiesMessage(OSSL_LIB_CTX* context, EVP_PKEY* key, ByteView message, ByteView signature) {
  const MdCtxPtr verifier(EVP_MD_CTX_new());
  return verifier &&
         EVP_DigestVerifyInit_ex(verifier.get(), nullptr, nullptr, context, nullptr, key,
                                 nullptr) == 1 &&
         EVP_DigestVerify(verifier.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

bool SetPss(EVP_PKEY_CTX* verifier, const EVP_MD* mgf1) {
  return EVP_PKEY_CTX_set_rsa_padding(verifier, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(verifier, mgf1) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(verifier, RSA_PSS_SALTLEN_AUTO) == 1;
}

bool Verifies(const ProviderContext& provider, const PublicKey& half,
              const SignatureRequest& request, ByteView signature) {
  OSSL_LIB_CTX* const context = provider.core().context();
  const auto key = half.ToPkey(context);
  const auto digest = provider.digests().Find(request.digest);
  const auto mgf1 = provider.digests().Find(request.pss.mgf1_digest);
  if (!key || !digest || !mgf1) return false;
  const ErrorMark mark;
  if (request.scheme == SignatureScheme::kEd25519) {
    return request.message && VerifiesMessage(context, key->get(), *request.message, signature);
  }
  const PkeyCtxPtr verifier(EVP_PKEY_CTX_new_from_pkey(context, key->get(), nullptr));
  const bool is_pss = request.scheme == SignatureScheme::kRsaPss;
  return verifier && EVP_PKEY_verify_init(verifier.get()) == 1 &&
         EVP_PKEY_CTX_set_signature_md(verifier.get(), (*digest)->md.get()) == 1 &&
         (!is_pss || SetPss(verifier.get(), (*mgf1)->md.get())) &&
         EVP_PKEY_verify(verifier.get(), signature.data(), signature.size(),
                         request.digest_value.data(), request.digest_value.size()) == 1;
}

}  // namespace

Result<Bytes> NotedKey::Sign(const SignatureRequest& request) const {
  auto signature = key_->Sign(request);
  if (signature && is_known_ && !Verifies(provider_, half_, request, *signature)) {
    signature = Fail(ErrorCode::kDeviceLost, "another key has taken its place");
  }
  if (!signature) notes_.failed();
  if (signature && !has_worked_.exchange(true)) notes_.worked();
  return signature;
}

}  // namespace credmint::provider
