// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "common/provider_context.h"
#include "common/public_key.h"
#include "common/signature_request.h"

namespace credmint::provider {

/// One private key inside a device: the only thing a back end has to implement.
///
/// Every EVP_PKEY and signature context made from it shares it, on any thread. Sign() is called
/// concurrently; the implementation serialises whatever its device cannot do in parallel.
/// Destruction releases what the key holds in the device.
class PrivateKey {
 public:
  virtual ~PrivateKey() = default;

  /// Performs one private-key operation. Returns one of:
  ///
  /// * RSA: a signature as long as the modulus (RFC 8017 section 8)
  /// * ECDSA: a DER Ecdsa-Sig-Value
  /// * Ed25519: 64 bytes (RFC 8032 section 5.1.6)
  ///
  /// Fails with kKeyUnusable for a scheme that the device does not have.
  [[nodiscard]] virtual Result<Bytes> Sign(const SignatureRequest& request) const = 0;
};

/// OpenSSL's "keydata": a public key, and the private key behind it or null.
struct Key {
  const ProviderContext* provider = nullptr;
  PublicKey public_key;
  std::shared_ptr<const PrivateKey> private_key;
  /// The contents of a file, in PEM, that leads to the key; empty if there is no such form.
  std::string file;

  /// Signs into a buffer of OpenSSL's caller and sets `size` to the length of the signature. Fails
  /// with kKeyUnusable if there is no private key.
  [[nodiscard]] Result<void> SignInto(const SignatureRequest& request, std::uint8_t* signature,
                                      std::size_t* size, std::size_t capacity) const;
};

/// Passes a key by reference to the object callback of OSSL_FUNC_store_load or
/// OSSL_FUNC_decoder_decode. Returns what the callback returned.
///
/// The object is a private key with its data type ("RSA", "EC" or "ED25519"); OpenSSL drops objects
/// without a data type.
int EmitKey(std::unique_ptr<Key> key, OSSL_CALLBACK* object_callback, void* callback_argument);

}  // namespace credmint::provider
