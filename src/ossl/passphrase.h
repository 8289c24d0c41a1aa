// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// What the secret that OpenSSL (or one of our providers through it) asks for will be used for.
enum class PassphraseKind {
  kFile,          ///< decrypts a key file: no counter, a wrong one does no harm
  kTokenPin,      ///< logs in to a PKCS#11 token (CKU_USER): wrong ones are counted
  kContextPin,    ///< allows one signature with an always-authenticate key (CKU_CONTEXT_SPECIFIC)
  kTpmAuth,       ///< auth value of a TPM key: wrong ones are counted, unless the key is noDA
  kTpmAuthIfAny,  ///< the same of a key that may have none: an empty answer says so
  kForeign,       ///< wanted by a provider that is not ours: wrong ones may be counted
};

/// One question: what for, and for which token, key or file ("token 'prod'").
struct PassphraseRequest {
  PassphraseKind kind = PassphraseKind::kFile;
  std::string subject;
};

/// Answers it, or fails with kPinRequired. Called once for each secret needed; not called again
/// in that load after a refusal.
using PassphraseFunction = std::function<Result<Secret>(const PassphraseRequest&)>;

/// The request as the "info" text of an OSSL_PASSPHRASE_CALLBACK, the only thing OpenSSL carries
/// from a provider to the application: "PIN for token 'prod'". `openssl` shows it in its prompt.
std::string FormatPassphraseInfo(const PassphraseRequest& request);

/// The inverse. A text that none of our providers wrote is a file's passphrase.
PassphraseRequest ParsePassphraseInfo(std::string_view info);

}  // namespace credmint
