// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>

#include "base/secret.h"
#include "tpm2/device/tpm_object.h"

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

  /// See Tpm::MayFlush() and Tpm::Use().
  void MayFlush() const {
    if (session_) session_->MayFlush();
  }
  void Use(bool begin) const {
    if (session_) session_->Use(begin);
  }

  /// Switches the encryption of a session that was started with it, for the commands from now on.
  [[nodiscard]] TpmResult<void> SetEncrypted(Tpm& tpm, bool encrypted) const;

 private:
  std::shared_ptr<const TpmObject> session_;
};

/// Where the storage root key is by convention (TCG TPM v2.0 Provisioning Guidance section 7.8).
inline constexpr TPM2_HANDLE kStorageRootKey = 0x81000001;

/// AES-128, which every TPM of a PC has.
inline constexpr UINT16 kAesBits = 128;

/// A key that only the TPM can decrypt for, so that the secret of a session can be sent to it.
struct SaltKey {
  /// One that is at hand, such as the parent of the key to be used.
  const TpmObject* loaded = nullptr;
  /// Without one: whether the storage root key may be looked for. If it is not there, a primary key
  /// of the null hierarchy is made and flushed for it.
  bool may_be_storage_root = true;
};

/// The session that `auth` calls for. TPM commands: none; one (TPM2_StartAuthSession) with a loaded
/// salt key; two with the storage root key; else three, and one for having looked for that.
TpmResult<AuthSession> SessionFor(const std::shared_ptr<Tpm>& tpm, const Secret& auth,
                                  const SaltKey& salt_key);

/// A new policy session, in which nothing is satisfied yet, for keys with the name algorithm
/// `hash`; of no other key. Encrypted and salted if `auth`, the key's own value, is not empty.
TpmResult<AuthSession> StartPolicySession(const std::shared_ptr<Tpm>& tpm, TPMI_ALG_HASH hash,
                                          const Secret& auth, const SaltKey& salt_key);

}  // namespace credmint::tpm2
