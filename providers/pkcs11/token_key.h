#pragma once

#include <memory>
#include <optional>

#include "base/secret.h"
#include "common/key.h"
#include "pkcs11/slot.h"

namespace credmint::pkcs11 {

/// A private key object on a token.
///
/// Two calls a signature (C_SignInit, C_Sign) with CKM_ECDSA, or with CKM_RSA_PKCS over a
/// DigestInfo; a third between them for a key with CKA_ALWAYS_AUTHENTICATE, for which it keeps the
/// context-specific PIN (PKCS#11 v2.40 section 5.11). Signatures run in parallel, each in its own
/// session. A session in which anything failed is not used again.
class TokenKey : public provider::PrivateKey {
 public:
  TokenKey(std::shared_ptr<Slot> slot, CK_OBJECT_HANDLE object, provider::KeyType type,
           std::size_t signature_size, std::optional<Secret> context_pin);

  [[nodiscard]] Result<Bytes> Sign(provider::Digest digest, ByteView value) const override;

 private:
  [[nodiscard]] Result<Bytes> SignIn(const Session& session, Bytes input) const;
  [[nodiscard]] Result<void> LogInForContext(const Session& session) const;

  std::shared_ptr<Slot> slot_;
  CK_OBJECT_HANDLE object_;
  provider::KeyType type_;
  std::size_t signature_size_;
  std::optional<Secret> context_pin_;
};

}  // namespace credmint::pkcs11
