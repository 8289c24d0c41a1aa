// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "common/key.h"
#include "common/passphrase_callback.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/keyfile/tss2_key_file.h"
#include "tpm2/policy/policy_session.h"
#include "tpm2/provider/tpm2_provider.h"
#include "tpm2/signing/key_source.h"
#include "tpm2/signing/public_area.h"

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

/// A key that is loaded, and all that its use needs.
struct OpenedKey {
  std::shared_ptr<Tpm> tpm;
  PublicArea area;
  TPM2B_PUBLIC public_area{};
  std::unique_ptr<KeySource> source;
  Secret auth;
  LoadedKey loaded;
  /// Until the key can give its slot to others (TpmKey), no other thread may want one.
  std::unique_lock<RecursiveMutex> hold;
};

/// Makes keys for OpenSSL, for both the store and the decoder. Asks for a key's auth value at most
/// once, only if one is needed, and while nothing is loaded in the TPM.
class KeyLoader {
 public:
  KeyLoader(const Tpm2Provider& provider, std::optional<std::string> tcti,
            provider::PassphraseCallback passphrase, const KeySecrets& secrets);

  /// How a key is to be used: to sign, or in the ADMIN role of TPM2_Certify. The latter is a matter
  /// of the auth value alone, whatever the key's policy is (TPM 2.0 Part 1 section 19.2).
  enum class Role { kUser, kAdmin };

  /// Opens a key without making one for OpenSSL. Fails as Load().
  [[nodiscard]] Result<OpenedKey> Open(const HandleUri& uri, Role role) const {
    return Open(uri, role, {});
  }
  [[nodiscard]] Result<OpenedKey> Open(const Tss2KeyFile& file, Role role) const;

  /// `halves` are those that the key may have. If it has signed before with one of them (KnownKeys)
  /// and the URI has no auth value for it, the TPM is not asked.
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(
      const HandleUri& uri, std::span<const provider::PublicKey> halves) const;

  /// Fails without using the TPM if the file shows that the key cannot sign.
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Load(const Tss2KeyFile& file) const;

 private:
  [[nodiscard]] Result<Secret> AskAuth(const std::string& key_name,
                                       PassphraseKind kind = PassphraseKind::kTpmAuth) const;
  [[nodiscard]] Result<OpenedKey> Open(const HandleUri& uri, Role role, Bytes written) const;
  [[nodiscard]] std::unique_ptr<provider::Key> MakeKey(OpenedKey opened) const;

  const Tpm2Provider& provider_;
  std::optional<std::string> tcti_;
  provider::PassphraseCallback passphrase_;
  const KeySecrets& secrets_;
};

}  // namespace credmint::tpm2
