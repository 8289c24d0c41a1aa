// SPDX-License-Identifier: Apache-2.0
#include "identity/signing_key.h"

#include <string.h>

#include <utility>

#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

/// Whether the algorithm signs a digest. Any other (ML-DSA) signs the message itself.
bool SignsDigest(const EVP_PKEY* pkey) {
  return EVP_PKEY_is_a(pkey, "RSA") == 1 || EVP_PKEY_is_a(pkey, "EC") == 1;
}

const char* DigestFor(const EVP_PKEY* pkey, const char* digest) {
  return SignsDigest(pkey) ? digest : nullptr;
}

/// The error of a failed signature. One of a device already says which key was to sign.
Error SigningFailure() {
  Error error = TakeOpensslError(ErrorCode::kKeyUnusable);
  if (error.message.starts_with("signing with ")) return error;
  return std::move(error).In("making a signature");
}

}  // namespace

SigningKey::SigningKey(const LibraryContext& context, PkeyPtr pkey,
                       std::shared_ptr<const WrappedKey> wrapped)
    : context_(&context),
      pkey_(std::move(pkey)),
      wrapped_(std::move(wrapped)),
      algorithm_(EVP_PKEY_get0_type_name(pkey_.get())),
      prepared_(Prepare(kDefaultDigest)) {
  ERR_clear_error();  // a key that cannot sign reports it when asked to
}

bool SigningKey::IsInMemory() const {
  const OSSL_PROVIDER* provider = EVP_PKEY_get0_provider(pkey_.get());
  if (provider == nullptr) return true;
  const std::string_view name = OSSL_PROVIDER_get0_name(provider);
  return name == "default" || name == "fips";
}

MdCtxPtr SigningKey::Prepare(const char* digest) const {
  MdCtxPtr context(EVP_MD_CTX_new());
  const bool ready =
      context && EVP_DigestSignInit_ex(context.get(), nullptr, DigestFor(pkey_.get(), digest),
                                       context_->get(), nullptr, pkey_.get(), nullptr) == 1;
  return ready ? std::move(context) : nullptr;
}

MdCtxPtr SigningKey::CopyPrepared() const {
  MdCtxPtr context(EVP_MD_CTX_new());
  const bool copied = context && EVP_MD_CTX_copy_ex(context.get(), prepared_.get()) == 1;
  return copied ? std::move(context) : nullptr;
}

Result<Bytes> SigningKey::Sign(std::string_view message, const char* digest) const {
  ERR_clear_error();
  const bool use_prepared = prepared_ && strcmp(digest, kDefaultDigest) == 0;
  const MdCtxPtr context = use_prepared ? CopyPrepared() : Prepare(digest);
  const ByteView bytes = AsBytes(message);
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get())));
  std::size_t size = signature.size();
  if (!context ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) != 1) {
    return Fail(SigningFailure());
  }
  signature.resize(size);
  return signature;
}

Result<void> SigningKey::Verify(EVP_PKEY* public_key, std::string_view message, ByteView signature,
                                const char* digest) const {
  ERR_clear_error();
  const MdCtxPtr context(EVP_MD_CTX_new());
  const ByteView bytes = AsBytes(message);
  if (!context || EVP_DigestVerifyInit_ex(context.get(), nullptr, DigestFor(public_key, digest),
                                          context_->get(), nullptr, public_key, nullptr) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("checking a signature"));
  }
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(),
                       bytes.size()) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kKeyUnusable,
                "the signature that the key made does not verify with its certificate");
  }
  return {};
}

}  // namespace credmint
