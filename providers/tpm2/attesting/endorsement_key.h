// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "common/digest_table.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {

struct EndorsementTemplate;

/// The endorsement key (EK) of a TPM, which its manufacturer certified. It only decrypts, and only
/// for TPM2_ActivateCredential and its kin.
///
/// The key is not stored: the same template makes the same key each time, in the endorsement
/// hierarchy. The certificate is in an NV index, whose number tells the template (TCG EK Credential
/// Profile, templates L-1, L-2, H-1, H-2 and H-3). Templates and nonces of a manufacturer's own are
/// not looked for.
class EndorsementKey {
 public:
  /// Finds the first certificate in the order L-2, H-2, H-3, L-1, H-1: keys on curves are made
  /// sooner than those of RSA. TPM commands: those of ListHandles() and, for each certificate, of
  /// NvIndex::Read(). Fails with kKeyNotFound if there is none.
  static Result<EndorsementKey> Find(const std::shared_ptr<Tpm>& tpm,
                                     provider::DigestTable& digests);

  /// DER: the key's certificate, then those of issuers that the TPM holds (0x01c00100 on).
  [[nodiscard]] const std::vector<Bytes>& certificates() const { return certificates_; }

  /// Makes the key. `auth` is the auth value of the endorsement hierarchy. Fails with kPinRequired,
  /// kPinIncorrect or kDevice.
  [[nodiscard]] Result<TpmObject> Create(const std::shared_ptr<Tpm>& tpm, const Secret& auth) const;

  /// The session that authorises one use of the key.
  [[nodiscard]] Result<AuthSession> Authorize(const std::shared_ptr<Tpm>& tpm,
                                              const Secret& auth) const;

 private:
  EndorsementKey(const EndorsementTemplate& made_from, std::vector<Bytes> certificates)
      : template_(&made_from), certificates_(std::move(certificates)) {}

  const EndorsementTemplate* template_;
  std::vector<Bytes> certificates_;
};

}  // namespace credmint::tpm2
