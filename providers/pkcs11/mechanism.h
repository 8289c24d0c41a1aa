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

/// What C_Sign is given: the message or its digest as they are, or a DigestInfo of its own.
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

/// Which mechanism a key signs with.
///
/// There are two for each RSA and ECDSA scheme: one over a digest made on the host (CKM_RSA_PKCS
/// over a DigestInfo, CKM_RSA_PKCS_PSS, CKM_ECDSA), and one that hashes the message on the token
/// (CKM_SHA256_RSA_PKCS and its like). Tokens, and keys by CKA_ALLOWED_MECHANISMS, may allow only
/// one of them. The first is tried first, then the second if the message is at hand, and what
/// worked is tried first from then on. Ed25519 has CKM_EDDSA only.
///
/// Safe to share between threads.
class MechanismChoice {
 public:
  /// Starts a signature in a session: calls `sign_init` until a mechanism is accepted. A refusal
  /// leaves no operation behind in the session (PKCS#11 v2.40 section 5.11). Fails with
  /// kKeyUnusable if every mechanism is refused or would need a message that is not at hand, and
  /// as CkError() says at once for a failure that is no refusal of the mechanism.
  [[nodiscard]] Result<SignInput> Begin(const provider::SignatureRequest& request,
                                        const SignInit& sign_init) const;

 private:
  static constexpr std::size_t kSchemes = 4;

  /// By SignatureScheme: whether the token hashes.
  mutable std::array<std::atomic<bool>, kSchemes> token_hashes_{};
};

}  // namespace credmint::pkcs11
