// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "common/digest_table.h"
#include "ossl/handles.h"

namespace credmint::provider {

/// How a signature is made.
enum class SignatureScheme {
  kRsaPkcs1,  ///< RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2)
  kRsaPss,    ///< RSASSA-PSS (RFC 8017 section 8.1)
  kEcdsa,     ///< ECDSA (FIPS 186-4 section 6)
  kEd25519,   ///< Ed25519 without prehashing or context (RFC 8032 section 5.1)
};

/// The parameters of RSASSA-PSS other than the digest.
struct PssParameters {
  Digest mgf1_digest = Digest::kSha256;
  std::size_t salt_length = 0;  ///< in bytes; it fits the key and the digest

  bool operator==(const PssParameters&) const = default;
};

/// One signature asked of a private key. It does not own what its views point to and lives for one
/// call.
struct SignatureRequest {
  SignatureScheme scheme = SignatureScheme::kRsaPkcs1;
  Digest digest = Digest::kSha256;  ///< not for kEd25519
  ByteView digest_value;            ///< of the message; empty for kEd25519
  PssParameters pss;                ///< kRsaPss only
  /// The whole message, for devices that hash it themselves. Always present for kEd25519. Otherwise
  /// absent when only the digest is known, or when the message came in parts that exceeded
  /// KeptMessage::kMaxSize.
  std::optional<ByteView> message;
};

}  // namespace credmint::provider
