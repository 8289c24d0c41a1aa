// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "common/digest_table.h"
#include "common/public_key.h"
#include "common/signature_request.h"

namespace credmint::provider {

/// EMSA-PSS (RFC 8017 section 9.1) on the host, for devices that do not do all of it. The MGF1
/// digest is the signature's own.
class EmsaPss {
 public:
  /// Both arguments must outlive this object.
  EmsaPss(DigestTable& digests, OSSL_LIB_CTX* context) : digests_(&digests), context_(context) {}

  /// Encodes the message with a fresh random salt. The result is as long as a modulus of `bits`
  /// bits and needs only the bare RSA operation.
  [[nodiscard]] Result<Bytes> Encode(const SignatureRequest& request, int bits) const;

  /// Whether `signature` verifies with `key` and fulfils the request, salt length included.
  [[nodiscard]] Result<bool> Fulfils(const SignatureRequest& request, const PublicKey& key,
                                     ByteView signature) const;

 private:
  DigestTable* digests_;
  OSSL_LIB_CTX* context_;
};

}  // namespace credmint::provider
