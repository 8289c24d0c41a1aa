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

/// What is given from the start, because OpenSSL would answer a second question of one load with
/// the answer to the first.
struct KeySecrets {
  Secret parent_auth;  ///< of the key's parent or its hierarchy; empty if it has none
  Secret policy_auth;  ///< of what the key's policy names by PolicySecret; the same
  std::shared_ptr<EVP_PKEY> policy_signer;  ///< signs for its PolicySigned; null if there is none
  bool ask_auth = false;                    ///< ask for the auth value that a handle's key may have
};

/// Makes keys for OpenSSL, for the store and the decoder alike. The key's auth value is asked for
/// at most once, only when one is needed, and while nothing is loaded in the TPM.
class KeyLoader {
 public:
  KeyLoader(const Tpm2Provider& provider, std::optional<std::string> tcti,
            provider::PassphraseCallback passphrase, const KeySecrets& secrets);

  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(const HandleUri& uri) const;

  /// Fails without touching the TPM when the file shows that the key cannot sign.
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
