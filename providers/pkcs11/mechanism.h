// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <array>
#include <atomic>
#include <functional>

#include "base/error.h"
#include "common/signature_request.h"
#include "ossl/handles.h"

namespace credmint::pkcs11 {

/// The input of C_Sign: the message or its digest, borrowed, or a DigestInfo, owned.
class SignInput {
 public:
  explicit SignInput(ByteView view) : view_(view) {}
  explicit SignInput(Bytes owned) : owned_(std::move(owned)) {}

  [[nodiscard]] ByteView bytes() const { return owned_.empty() ? view_ : ByteView(owned_); }

 private:
  Bytes owned_;
  ByteView view_;
};

/// C_SignInit of one key in one session.
using SignInit = std::function<CK_RV(CK_MECHANISM*)>;

/// Chooses the mechanism that a key signs with. Safe to share between threads.
///
/// Each RSA and ECDSA scheme has two mechanisms:
///
/// * over a digest made on the host: CKM_RSA_PKCS over a DigestInfo, CKM_RSA_PKCS_PSS, CKM_ECDSA
/// * over the message, hashed on the token: CKM_SHA256_RSA_PKCS and its variants for other schemes
///   and hashes
///
/// A token, or a key's CKA_ALLOWED_MECHANISMS, may allow only one of them. The first one is tried
/// first, then the second one if the message is available. The one that worked is tried first from
/// then on. Ed25519 has CKM_EDDSA only.
class MechanismChoice {
 public:
  /// Starts a signature in a session: calls `sign_init` until a mechanism is accepted. A refusal
  /// leaves no operation active in the session (PKCS#11 v2.40 section 5.11).
  ///
  /// Fails with kKeyUnusable if every mechanism is refused or would need a message that is not
  /// available. Any other failure is returned at once, as CkError() reports it.
  [[nodiscard]] Result<SignInput> Begin(const provider::SignatureRequest& request,
                                        const SignInit& sign_init) const;

 private:
  static constexpr std::size_t kSchemes = 4;

  /// By SignatureScheme: whether the token does the hashing.
  mutable std::array<std::atomic<bool>, kSchemes> token_hashes_{};
};

}  // namespace credmint::pkcs11
