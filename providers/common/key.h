#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "common/provider_context.h"
#include "common/public_key.h"

namespace credmint::provider {

/// One private key inside a device: the only thing a back end has to implement.
///
/// Shared by every EVP_PKEY and signature context made from it, from any thread; Sign() is called
/// concurrently and the implementation serialises what its device cannot do in parallel. The
/// destructor releases what the key holds in the device.
class PrivateKey {
 public:
  virtual ~PrivateKey() = default;

  /// One private-key operation over a digest made on the host. Returns an RSASSA-PKCS1-v1_5
  /// signature as long as the modulus (RFC 8017 section 8.2), or a DER Ecdsa-Sig-Value.
  [[nodiscard]] virtual Result<Bytes> Sign(Digest digest, ByteView value) const = 0;
};

/// What OpenSSL calls "keydata": a public key, with the private key behind it or (null) without.
struct Key {
  const ProviderContext* provider = nullptr;
  PublicKey public_key;
  std::shared_ptr<const PrivateKey> private_key;
};

/// Hands a key to OSSL_FUNC_store_load's or OSSL_FUNC_decoder_decode's object callback by
/// reference, as a private key with its data type ("RSA" or "EC", without which OpenSSL drops it).
/// Returns what the callback returned.
int EmitKey(std::unique_ptr<Key> key, OSSL_CALLBACK* object_callback, void* callback_argument);

}  // namespace credmint::provider
