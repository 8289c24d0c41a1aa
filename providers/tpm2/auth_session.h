#pragma once

#include <tss2/tss2_esys.h>

#include <memory>

#include "base/secret.h"
#include "tpm2/tpm_object.h"

namespace credmint::tpm2 {

/// How a command proves that it may use an object.
///
/// With an empty auth value: the password session, which is not a thing in the TPM. With any other:
/// an HMAC session salted to a key of the TPM, with AES-128-CFB parameter encryption, so that the
/// value never travels in clear between host and TPM. All keys of a connection share one such
/// session; the last one that holds it flushes it.
class AuthSession {
 public:
  /// The password session.
  AuthSession() = default;
  explicit AuthSession(std::shared_ptr<const TpmObject> session) : session_(std::move(session)) {}

  [[nodiscard]] ESYS_TR handle() const { return session_ ? session_->handle() : ESYS_TR_PASSWORD; }

  /// Whether the TPM is known to have lost it, in a reset.
  [[nodiscard]] bool IsLost() const { return session_ && session_->IsLost(); }
  void MarkLost() const {
    if (session_) session_->MarkLost();
  }

 private:
  std::shared_ptr<const TpmObject> session_;
};

/// The session that `auth` calls for. A new encrypted one is salted to `salt_key`, a loaded
/// decryption key; without one, to a primary key that is made and flushed for it. TPM commands:
/// none, one (TPM2_StartAuthSession) or three.
TpmResult<AuthSession> SessionFor(const std::shared_ptr<Tpm>& tpm, const Secret& auth,
                                  const TpmObject* salt_key);

}  // namespace credmint::tpm2
