// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/make_signature.h"

#include <openssl/rsa.h>

#include <algorithm>

#include "ossl/error_queue.h"

namespace credmint::keyprocess {
namespace {

Result<void> SetPss(EVP_PKEY_CTX* context, const SignMessage& message) {
  constexpr std::uint32_t kLongestSalt = 2048;
  const auto salt = static_cast<int>(std::min(message.salt_length, kLongestSalt));
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
      EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, message.mgf1_digest.c_str(), nullptr) == 1 &&
      EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1) {
    return {};
  }
  return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
}

/// Signs the whole message, so that a device that hashes itself gets it.
Result<Bytes> SignWhole(const LibraryContext& context, EVP_PKEY* key, const SignMessage& message) {
  const MdCtxPtr signing(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  const char* digest = message.digest.empty() ? nullptr : message.digest.c_str();
  if (!signing || EVP_DigestSignInit_ex(signing.get(), &parameters, digest, context.get(), nullptr,
                                        key, nullptr) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
  }
  if (message.scheme == SignMessage::Scheme::kRsaPss) {
    if (auto set = SetPss(parameters, message); !set) return Fail(std::move(set));
  }
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  if (EVP_DigestSign(signing.get(), signature.data(), &size, message.message->data(),
                     message.message->size()) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
  }
  signature.resize(size);
  return signature;
}

Result<Bytes> SignDigest(const LibraryContext& context, EVP_PKEY* key, const SignMessage& message) {
  const PkeyCtxPtr signing(EVP_PKEY_CTX_new_from_pkey(context.get(), key, nullptr));
  const MdPtr digest(EVP_MD_fetch(context.get(), message.digest.c_str(), nullptr));
  if (!signing || !digest || EVP_PKEY_sign_init(signing.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(signing.get(), digest.get()) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
  }
  if (message.scheme == SignMessage::Scheme::kRsaPss) {
    if (auto set = SetPss(signing.get(), message); !set) return Fail(std::move(set));
  }
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  if (EVP_PKEY_sign(signing.get(), signature.data(), &size, message.digest_value.data(),
                    message.digest_value.size()) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
  }
  signature.resize(size);
  return signature;
}

}  // namespace

Result<Bytes> MakeSignature(const LibraryContext& context, EVP_PKEY* key,
                            const SignMessage& request) {
  ERR_clear_error();
  return request.message ? SignWhole(context, key, request) : SignDigest(context, key, request);
}

}  // namespace credmint::keyprocess
