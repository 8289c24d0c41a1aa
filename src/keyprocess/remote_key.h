// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "keyprocess/messages.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"
#include "ossl/stores.h"

namespace credmint::keyprocess {

/// Makes the signatures of a key that is in another process. Called by several threads.
class RemoteSigner {
 public:
  virtual ~RemoteSigner() = default;

  /// A signature in OpenSSL's form: DER for ECDSA, as long as the modulus for RSA, 64 bytes for
  /// Ed25519. `request.key` is not set.
  [[nodiscard]] virtual Result<Bytes> Sign(SignMessage request) const = 0;
};

/// The store of kRemoteProvider makes the key of this object. The parameter "remote-key" has its
/// address.
struct RemoteKey {
  static constexpr const char* kParameter = "remote-key";

  PublicParameters public_key;
  std::shared_ptr<const RemoteSigner> signer;
};

/// An EVP_PKEY that signs through `signer`. `context` must have the provider of remote keys. Fails
/// with kMalformed if `public_key` is none.
Result<PkeyPtr> MakeRemoteKey(const LibraryContext& context, PublicParameters public_key,
                              std::shared_ptr<const RemoteSigner> signer);

}  // namespace credmint::keyprocess
