// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "common/provider_context.h"
#include "common/public_key.h"
#include "common/signature_request.h"

namespace credmint::provider {

/// One private key inside a device: the only thing a back end has to implement.
///
/// Shared by every EVP_PKEY and signature context made from it, from any thread; Sign() is called
/// concurrently and the implementation serialises what its device cannot do in parallel. The
/// destructor releases what the key holds in the device.
class PrivateKey {
 public:
  virtual ~PrivateKey() = default;

  /// One private-key operation. Returns an RSA signature as long as the modulus (RFC 8017 section
  /// 8), a DER Ecdsa-Sig-Value, or the 64 bytes of Ed25519 (RFC 8032 section 5.1.6). Fails with
  /// kKeyUnusable for a scheme that the device does not have.
  [[nodiscard]] virtual Result<Bytes> Sign(const SignatureRequest& request) const = 0;
};

/// What OpenSSL calls "keydata": a public key, with the private key behind it or (null) without.
struct Key {
  const ProviderContext* provider = nullptr;
  PublicKey public_key;
  std::shared_ptr<const PrivateKey> private_key;

  /// Signs into a buffer of OpenSSL's caller and sets `size` to what it took. Fails with
  /// kKeyUnusable without a private key.
  [[nodiscard]] Result<void> SignInto(const SignatureRequest& request, std::uint8_t* signature,
                                      std::size_t* size, std::size_t capacity) const;
};

/// Hands a key to OSSL_FUNC_store_load's or OSSL_FUNC_decoder_decode's object callback by
/// reference, as a private key with its data type ("RSA", "EC" or "ED25519", without
/// which OpenSSL drops it).
/// Returns what the callback returned.
int EmitKey(std::unique_ptr<Key> key, OSSL_CALLBACK* object_callback, void* callback_argument);

}  // namespace credmint::provider
