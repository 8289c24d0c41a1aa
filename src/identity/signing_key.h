// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "identity/wrapped_key.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// A private key, wherever it lives. One verb: sign a message.
///
/// Safe to share between threads. Must be destroyed before its LibraryContext.
class SigningKey {
 public:
  static constexpr const char* kDefaultDigest = "SHA256";

  /// `wrapped` is the file that a device's key came from, if it came from one.
  SigningKey(const LibraryContext& context, PkeyPtr pkey,
             std::shared_ptr<const WrappedKey> wrapped = nullptr);

  /// The algorithm by OpenSSL's name: "RSA", "EC", "ML-DSA-65".
  [[nodiscard]] const std::string& algorithm() const { return algorithm_; }

  /// Whether OpenSSL itself holds the private half, so that keeping the key occupies no device.
  [[nodiscard]] bool IsInMemory() const;

  /// What a device's key can be loaded from again, whatever happens to its file; null for others.
  [[nodiscard]] const std::shared_ptr<const WrappedKey>& wrapped() const { return wrapped_; }

  /// One private-key operation over the message, in the encoding SigV4-X509 wants: PKCS#1 v1.5 for
  /// RSA and DER Ecdsa-Sig-Value for EC, both with `digest` (OpenSSL's name), and the pure
  /// signature for algorithms that bring their own hash (ML-DSA), where `digest` is not used.
  [[nodiscard]] Result<Bytes> Sign(std::string_view message,
                                   const char* digest = kDefaultDigest) const;

  /// Checks such a signature with a public key that came from elsewhere: the certificate's.
  [[nodiscard]] Result<void> Verify(EVP_PKEY* public_key, std::string_view message,
                                    ByteView signature, const char* digest = kDefaultDigest) const;

  [[nodiscard]] EVP_PKEY* get() const { return pkey_.get(); }

 private:
  [[nodiscard]] MdCtxPtr Prepare(const char* digest) const;
  [[nodiscard]] MdCtxPtr CopyPrepared() const;

  const LibraryContext* context_;
  PkeyPtr pkey_;
  std::shared_ptr<const WrappedKey> wrapped_;
  std::string algorithm_;
  /// Ready to sign with the default digest, and copied for each signature: OpenSSL's look-up of
  /// algorithms costs more than everything else on the way to the device. Null if the key cannot.
  MdCtxPtr prepared_;
};

}  // namespace credmint
