// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/guarded.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "common/key.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/token_object.h"

namespace credmint::pkcs11 {

/// A private key object on a token.
///
/// A signature takes two calls (C_SignInit, C_Sign). The first ones take one more for each
/// mechanism that the token refuses (MechanismChoice). A key with CKA_ALWAYS_AUTHENTICATE takes one
/// more in between. The key keeps its context-specific PIN for that (PKCS#11 v2.40 section 5.11),
/// and does not send it again once refused. Signatures run in parallel, each in its own session.
///
/// If session, login or object are gone (kDeviceLost), the key is looked for again and the
/// signature retried once. Threads that lose it at the same time look only once.
class TokenKey : public provider::PrivateKey {
 public:
  /// Finds the key again after a loss, with a new session and login.
  using FindAgain = std::function<Result<TokenObject>()>;

  /// `mechanism` may be shared with others that have opened the same key.
  TokenKey(TokenObject object, std::shared_ptr<const MechanismChoice> mechanism,
           provider::KeyType type, std::size_t signature_size, std::optional<Secret> context_pin,
           bool allow_final_try, FindAgain find_again);

  [[nodiscard]] Result<Bytes> Sign(const provider::SignatureRequest& request) const override;

 private:
  using Place = std::shared_ptr<const TokenObject>;

  [[nodiscard]] Place CurrentPlace() const;
  [[nodiscard]] Result<Place> FindNewPlace(const Place& lost) const;
  [[nodiscard]] Result<Bytes> SignAt(const TokenObject& object,
                                     const provider::SignatureRequest& request) const;
  [[nodiscard]] Result<void> LogInForContext(const Session& session) const;

  provider::KeyType type_;
  std::size_t signature_size_;
  std::optional<Secret> context_pin_;
  bool allow_final_try_;
  FindAgain find_again_;
  std::shared_ptr<const MechanismChoice> mechanism_;
  mutable Mutex find_mutex_;  ///< one thread searches at a time
  mutable Guarded<Place> place_;
  mutable Mutex context_mutex_;  ///< one context-specific PIN is in use at a time
};

}  // namespace credmint::pkcs11
