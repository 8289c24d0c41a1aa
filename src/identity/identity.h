// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "identity/certificate_chain.h"
#include "identity/signing_key.h"
#include "ossl/certificate.h"

namespace credmint {

/// A key and its certificate chain: what signs requests. Immutable; safe to share between threads.
///
/// Only CheckIdentity() makes one. So its key and leaf match, and the service can accept the leaf.
class Identity {
 public:
  [[nodiscard]] const Certificate& leaf() const { return chain_.leaf; }
  [[nodiscard]] const std::vector<Certificate>& issuers() const { return chain_.issuers; }
  [[nodiscard]] const CertificateChain& chain() const { return chain_; }
  [[nodiscard]] const std::shared_ptr<const SigningKey>& key() const { return key_; }
  /// The key's algorithm, by OpenSSL's name: "RSA", "EC", "ML-DSA-65".
  [[nodiscard]] const std::string& algorithm() const { return key_->algorithm(); }

  /// Performs one private-key operation, and verifies the signature with the leaf's public key.
  /// That catches a swapped or faulty device: kKeyUnusable.
  [[nodiscard]] Result<Bytes> Sign(std::string_view message) const;

  /// The same identity, used because no other could be opened. If it fails to sign, the error also
  /// gives this reason.
  [[nodiscard]] Identity InPlaceOf(const Error& failure) const;

 private:
  friend Result<Identity> CheckIdentity(std::shared_ptr<const SigningKey> key,
                                        CertificateChain chain,
                                        std::chrono::system_clock::time_point now);
  Identity(std::shared_ptr<const SigningKey> key, CertificateChain chain)
      : key_(std::move(key)), chain_(std::move(chain)) {}

  std::shared_ptr<const SigningKey> key_;
  CertificateChain chain_;
  std::optional<Error> failure_;  ///< why no other identity is used
};

/// Checks, before anything is sent, that the key belongs to the leaf (kKeyMismatch) and that IAM
/// Roles Anywhere can accept the leaf. Otherwise the first of ChainRefusals() is the error. Uses no
/// private-key operation.
Result<Identity> CheckIdentity(std::shared_ptr<const SigningKey> key, CertificateChain chain,
                               std::chrono::system_clock::time_point now);

}  // namespace credmint
