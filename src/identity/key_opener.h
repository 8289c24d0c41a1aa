// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "identity/inventory.h"
#include "identity/key_reference.h"
#include "identity/pin_source.h"
#include "identity/signing_key.h"
#include "identity/wrapped_key.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// Opens what KeyReferences name: files are read once, bounded, and decoded in memory; everything
/// else goes to the provider of its scheme and to no other, so a file in the working directory that
/// happens to be named like a URI never wins (OpenSSL would look for it first).
///
/// A key file that everybody may write is refused; one that others may read is warned of in the
/// log.
///
/// Every failure names the reference. The PIN sources are asked only when a store demands it. What
/// a person typed and the store refused is asked for again, as far as PromptedSecrets allows; a
/// secret from anywhere else is tried once.
class KeyOpener {
 public:
  /// `parameters` go to hardware loaders by name (which module, which TPM).
  KeyOpener(const LibraryContext& context, PinSources pins,
            std::vector<std::pair<std::string, std::string>> parameters)
      : context_(&context), pins_(std::move(pins)), parameters_(std::move(parameters)) {}

  /// The key that signs where the policy of a hardware key wants a signature of another one.
  void SetPolicySigner(std::shared_ptr<const SigningKey> signer) { signer_ = std::move(signer); }

  /// Has secrets that were given by options read again: they may have been changed.
  void ForgetSecrets() { pins_.Forget(); }

  /// Says that a signature was made with the secrets that were read, and whether those that have
  /// been read since are the same.
  void NoteAcceptedSecrets() { pins_.NoteAccepted(); }
  [[nodiscard]] bool SecretsWereAccepted() const { return pins_.WereAccepted(); }

  /// The one private key at `reference`; kKeyAmbiguous if there are several. Of several the one
  /// that belongs to one of `certificates` is meant.
  Result<std::shared_ptr<const SigningKey>> OpenKey(KeyReference reference,
                                                    std::span<const Certificate> certificates = {});

  /// The key of a file as it was when it was opened before; the PIN sources are asked as for any.
  Result<std::shared_ptr<const SigningKey>> OpenKey(const std::shared_ptr<const WrappedKey>& file,
                                                    std::span<const Certificate> certificates = {});

  /// All certificates at `reference`, in its order; at least one.
  Result<std::vector<Certificate>> OpenCertificates(KeyReference reference);

  /// What the back end of `reference` shows there, without logging in only what is public, or the
  /// keys and certificates of a file, whoever may read and write that. Fails with kUsage for a
  /// reference of another provider, and with kKeyAmbiguous if it was to log in and several tokens
  /// match.
  Result<Inventory> List(KeyReference reference, bool log_in);

 private:
  /// What one load is for.
  struct Wanted {
    StoreExpect expect = StoreExpect::kPrivateKey;
    Bytes public_keys = {};      ///< of the certificates that the key may belong to
    std::string inventory = {};  ///< "public" or "all", if one is taken
    /// Empty where it is not needed; nothing where the store is to ask for it.
    std::optional<Secret> context_pin = Secret();
  };

  Result<std::shared_ptr<const SigningKey>> OpenKeyFile(KeyReference reference,
                                                        std::span<const Certificate> certificates);
  Result<std::vector<Certificate>> CertificatesOf(KeyReference& reference, const Secret& file);
  Result<Inventory> ListFile(KeyReference& reference);
  Result<StoreContents> Load(KeyReference& reference, const Wanted& wanted);
  Result<StoreContents> Load(KeyReference& reference, const Secret& file, const Wanted& wanted);
  Result<StoreContents> LoadWithContextPin(KeyReference reference, Wanted wanted);
  Result<StoreContents> LoadAskingContextPin(const KeyReference& reference, Wanted wanted);
  Result<void> SetParameters(const Scheme& scheme, const Wanted& wanted, StoreOptions& options);
  Result<void> SetSecrets(const Scheme& scheme, const Wanted& wanted, StoreOptions& options);
  Result<StoreContents> LoadFile(const Secret& file, const Wanted& wanted,
                                 const PassphraseFunction& passphrase);
  Result<StoreContents> LoadUri(const KeyReference& reference, const Wanted& wanted,
                                const PassphraseFunction& passphrase);

  const LibraryContext* context_;
  PinSources pins_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::shared_ptr<const SigningKey> signer_;
};

}  // namespace credmint
