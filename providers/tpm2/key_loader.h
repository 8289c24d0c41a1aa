#pragma once

#include <memory>

#include "common/key.h"
#include "common/passphrase_callback.h"
#include "tpm2/handle_uri.h"
#include "tpm2/tpm2_provider.h"
#include "tpm2/tss2_key_file.h"

namespace credmint::tpm2 {

/// Makes keys for OpenSSL, for the store and the decoder alike. An auth value is asked for at most
/// once, only when one is needed, and while nothing is loaded in the TPM. That of a key's parent is
/// given from the start (empty if it has none): OpenSSL would answer a second question with the
/// answer to the first.
class KeyLoader {
 public:
  KeyLoader(const Tpm2Provider& provider, std::optional<std::string> tcti,
            provider::PassphraseCallback passphrase, const Secret& parent_auth);

  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(const HandleUri& uri) const;

  /// Fails without touching the TPM when the file shows that the key cannot sign.
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(const Tss2KeyFile& file) const;

 private:
  [[nodiscard]] Result<Secret> AskAuth(const std::string& key_name, std::size_t max_size) const;

  const Tpm2Provider& provider_;
  std::optional<std::string> tcti_;
  provider::PassphraseCallback passphrase_;
  const Secret& parent_auth_;
};

}  // namespace credmint::tpm2
