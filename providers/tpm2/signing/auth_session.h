// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>

#include "base/secret.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// How a command proves that it may use an object.
///
/// An empty auth value uses the password session, which occupies nothing in the TPM. Any other
/// value uses an HMAC session salted to a key of the TPM, with AES-128-CFB parameter encryption.
/// The value then never travels in clear between host and TPM.
///
/// All keys of a connection share one such session. The last one that holds it flushes it.
class AuthSession {
 public:
  /// The password session.
  AuthSession() = default;
  explicit AuthSession(std::shared_ptr<const TpmObject> session) : session_(std::move(session)) {}

  [[nodiscard]] ESYS_TR handle() const { return session_ ? session_->handle() : ESYS_TR_PASSWORD; }

  /// Whether the TPM is known to have lost it, by a reset.
  [[nodiscard]] bool IsLost() const { return session_ && session_->IsLost(); }
  void MarkLost() const {
    if (session_) session_->MarkLost();
  }

  /// See Tpm::MayFlush() and Tpm::Use().
  void MayFlush() const {
    if (session_) session_->MayFlush();
  }
  void Use(bool begin) const {
    if (session_) session_->Use(begin);
  }

  /// Turns the encryption on or off for the next commands. The session must have been started with
  /// it.
  [[nodiscard]] TpmResult<void> SetEncrypted(Tpm& tpm, bool encrypted) const;

 private:
  std::shared_ptr<const TpmObject> session_;
};

/// The conventional handle of the storage root key (TCG TPM v2.0 Provisioning Guidance section
/// 7.8).
inline constexpr TPM2_HANDLE kStorageRootKey = 0x81000001;

/// AES-128, which every TPM of a PC supports.
inline constexpr UINT16 kAesBits = 128;

/// A key to send the secret of a session to: only the TPM can decrypt with it.
struct SaltKey {
  /// A loaded key, such as the parent of the key to be used.
  const TpmObject* loaded = nullptr;
  /// Without a loaded key: whether to try the storage root key. If that is missing, a primary key
  /// of the null hierarchy is made and then flushed.
  bool may_be_storage_root = true;
};

/// The session that `auth` requires. TPM commands for a new session, including
/// TPM2_StartAuthSession:
///
/// * none for an empty `auth`, or if the connection has a session already
/// * one with a loaded salt key
/// * two with the storage root key
/// * three otherwise, and one more if the storage root key was tried
TpmResult<AuthSession> SessionFor(const std::shared_ptr<Tpm>& tpm, const Secret& auth,
                                  const SaltKey& salt_key);

/// Starts a policy session with nothing satisfied yet, for one key with the name algorithm `hash`.
/// It is encrypted and salted if `auth`, the key's own auth value, is not empty.
TpmResult<AuthSession> StartPolicySession(const std::shared_ptr<Tpm>& tpm, TPMI_ALG_HASH hash,
                                          const Secret& auth, const SaltKey& salt_key);

}  // namespace credmint::tpm2
