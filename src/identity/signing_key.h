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

/// A private key, wherever it is. Its one operation is to sign a message.
///
/// Safe to share between threads. Must be destroyed before its LibraryContext.
class SigningKey {
 public:
  static constexpr const char* kDefaultDigest = "SHA256";

  /// `wrapped` is the file of a device's key, if it came from a file.
  SigningKey(const LibraryContext& context, PkeyPtr pkey,
             std::shared_ptr<const WrappedKey> wrapped = nullptr);

  /// The algorithm, by OpenSSL's name: "RSA", "EC", "ML-DSA-65".
  [[nodiscard]] const std::string& algorithm() const { return algorithm_; }

  /// Whether OpenSSL itself holds the private half, so that keeping the key occupies no device.
  [[nodiscard]] bool IsInMemory() const;

  /// The data from which a device's key can be loaded again after its file was replaced; null for
  /// other keys.
  [[nodiscard]] const std::shared_ptr<const WrappedKey>& wrapped() const { return wrapped_; }

  /// Performs one private-key operation over the message. The signature is encoded as SigV4-X509
  /// requires:
  ///
  /// * RSA: PKCS#1 v1.5 with `digest` (OpenSSL's name)
  /// * EC: a DER Ecdsa-Sig-Value with `digest`
  /// * algorithms with their own hash (ML-DSA): the pure signature; `digest` is ignored
  [[nodiscard]] Result<Bytes> Sign(std::string_view message,
                                   const char* digest = kDefaultDigest) const;

  /// Verifies such a signature with a public key from elsewhere: the certificate's.
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
  /// Ready to sign with the default digest, and copied for each signature. OpenSSL's algorithm
  /// look-up costs more than everything else on the way to the device. Null if the key cannot sign.
  MdCtxPtr prepared_;
};

}  // namespace credmint
