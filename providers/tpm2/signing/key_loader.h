// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/key.h"
#include "common/passphrase_callback.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/keyfile/tss2_key_file.h"
#include "tpm2/policy/policy_session.h"
#include "tpm2/provider/tpm2_provider.h"

namespace credmint::tpm2 {

/// Secrets that are given in advance. They cannot be asked for: OpenSSL answers a second question
/// of one load with the first answer.
struct KeySecrets {
  /// The auth value of the key's parent or its hierarchy; empty if it has none.
  Secret parent_auth;
  /// The auth value of the object that PolicySecret names; empty if it has none.
  Secret policy_auth;
  /// The key that signs for the policy's PolicySigned, or null.
  std::shared_ptr<EVP_PKEY> policy_signer;
  /// Whether to ask for the auth value that a handle's key may have.
  bool ask_auth = false;
};

/// Makes keys for OpenSSL, for both the store and the decoder. Asks for a key's auth value at most
/// once, only if one is needed, and while nothing is loaded in the TPM.
class KeyLoader {
 public:
  KeyLoader(const Tpm2Provider& provider, std::optional<std::string> tcti,
            provider::PassphraseCallback passphrase, const KeySecrets& secrets);

  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(const HandleUri& uri) const;

  /// Fails without using the TPM if the file shows that the key cannot sign.
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(const Tss2KeyFile& file) const;

 private:
  [[nodiscard]] Result<Secret> AskAuth(const std::string& key_name,
                                       PassphraseKind kind = PassphraseKind::kTpmAuth) const;

  const Tpm2Provider& provider_;
  std::optional<std::string> tcti_;
  provider::PassphraseCallback passphrase_;
  const KeySecrets& secrets_;
};

}  // namespace credmint::tpm2
