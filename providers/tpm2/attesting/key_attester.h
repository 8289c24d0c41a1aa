// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "base/secret.h"
#include "common/digest_table.h"
#include "common/store_loader.h"
#include "tpm2/policy/policy.h"
#include "tpm2/signing/key_loader.h"

namespace credmint::tpm2 {

/// Has a TPM prove where a key is, and answers what a verifier asks back. Nothing stays loaded, and
/// nothing in the TPM changes.
///
/// `endorsement_auth` is the auth value of the endorsement hierarchy. It is sent once to each
/// command that needs it, and never again after a refusal.
class KeyAttester {
 public:
  KeyAttester(std::shared_ptr<Tpm> tpm, provider::DigestTable& digests,
              const Secret& endorsement_auth)
      : tpm_(std::move(tpm)), digests_(digests), endorsement_auth_(endorsement_auth) {}

  /// Certifies a key (TPM2_Certify) with the verifier's nonce. The description has the member
  /// `evidence`, with these members, as docs/reference/attestation.md describes them:
  /// ekCertificates, attestationKey, key, attest, signature and, for a policy of PCRs, policy.
  ///
  /// `policy` is that of the key's file. The key's auth value suffices, whatever its policy, as
  /// TPM2_Certify wants the ADMIN role. Fails with:
  ///
  /// * kKeyUnusable if the key may leave the TPM, so that the statement would prove nothing; or if
  ///   its policy governs this role, too (adminWithPolicy)
  /// * kKeyNotFound if the TPM holds no certificate of an endorsement key
  /// * kPinRequired, kPinIncorrect, kLockedOut and kDevice, as a signature
  [[nodiscard]] Result<provider::ListedObject> Attest(const OpenedKey& key, const Policy& policy,
                                                      ByteView nonce) const;

  /// Decrypts a verifier's challenge (TPM2_ActivateCredential), which proves that endorsement key
  /// and attestation key are in one TPM. `challenge` is a TPM2B_ID_OBJECT and a
  /// TPM2B_ENCRYPTED_SECRET. `evidence` has the member `answer`, in base64.
  ///
  /// Fails with kAttestation if the challenge is not for these two keys, and with kKeyNotFound,
  /// kPinRequired, kPinIncorrect and kDevice.
  [[nodiscard]] Result<provider::ListedObject> Answer(ByteView challenge) const;

 private:
  std::shared_ptr<Tpm> tpm_;
  provider::DigestTable& digests_;
  const Secret& endorsement_auth_;
};

}  // namespace credmint::tpm2
