// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/examination.h"
#include "doctor/examined_identity.h"
#include "identity/prompted_secrets.h"
#include "ossl/library_context.h"

namespace credmint::doctor {

/// Whether a secret may be sent to a device, and who is asked for one that is not given.
struct Login {
  bool is_allowed = false;
  PromptFunction ask = {};
};

/// The sources of PINs, auth values and passphrases: that they can be read, and that nobody else
/// may read their files. A stream is not read. Nothing is sent to a device.
void CheckSecrets(const Observer& observer, const ExaminedIdentity& identity);

/// Opens certificate and key as a mint does, and sets `identity.identity` if that succeeds. Reports
/// the key, its attributes and strength; the certificate, whether the service can accept it, its
/// days left, and the chain that will be sent. A device logs in once, if `login` allows it.
void CheckKeyAndCertificate(const Observer& observer, const LibraryContext& context,
                            const Login& login, ExaminedIdentity& identity);

/// Makes one signature, verifies it, and reports the time that it took.
void CheckSignature(const Observer& observer, const ExaminedIdentity& identity);

}  // namespace credmint::doctor
