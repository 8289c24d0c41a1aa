// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// The purpose of a secret requested by OpenSSL, or by one of our providers through OpenSSL.
enum class PassphraseKind {
  kFile,          ///< decrypts a key file; wrong ones are not counted
  kTokenPin,      ///< logs in to a PKCS#11 token (CKU_USER); wrong ones are counted
  kContextPin,    ///< allows one signature by an always-authenticate key (CKU_CONTEXT_SPECIFIC)
  kTpmAuth,       ///< auth value of a TPM key; wrong ones are counted unless the key is noDA
  kTpmAuthIfAny,  ///< the same for a key that may have none; an empty answer means none
  kForeign,       ///< wanted by another provider; wrong ones may be counted
};

/// One request: the purpose, and the token, key or file ("token 'prod'").
struct PassphraseRequest {
  PassphraseKind kind = PassphraseKind::kFile;
  std::string subject;
};

/// Answers a request or fails with kPinRequired. Called once for each secret needed, and not again
/// in the same load after a refusal.
using PassphraseFunction = std::function<Result<Secret>(const PassphraseRequest&)>;

/// Formats the request as the "info" text of an OSSL_PASSPHRASE_CALLBACK: "PIN for token 'prod'".
/// OpenSSL carries nothing else from a provider to the application. `openssl` shows it in its
/// prompt.
std::string FormatPassphraseInfo(const PassphraseRequest& request);

/// The failure of a file that is encrypted with another passphrase.
Error WrongPassphrase();

/// Parses such a text. A text that none of our providers wrote asks for a file's passphrase.
PassphraseRequest ParsePassphraseInfo(std::string_view info);

}  // namespace credmint
