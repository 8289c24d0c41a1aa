// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "identity/device_change.h"
#include "identity/inventory.h"
#include "identity/key_reference.h"
#include "identity/pin_source.h"
#include "identity/signing_key.h"
#include "identity/wrapped_key.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// Opens what KeyReferences name.
///
/// Files are read once, up to a size limit, and decoded in memory. A URI goes only to the provider
/// of its scheme. So a file in the working directory that happens to have the URI's name never
/// wins; OpenSSL would look for it first.
///
/// Refuses a key file that everyone may write, and logs a warning for one that others may read.
///
/// Every failure names the reference. The PIN sources are asked only if a store requires it. If the
/// store refuses what a person typed, it is asked for again, as far as PromptedSecrets allows. A
/// secret from anywhere else is tried once.
class KeyOpener {
 public:
  /// `parameters` go to hardware loaders by name (which module, which TPM).
  KeyOpener(const LibraryContext& context, PinSources pins,
            std::vector<std::pair<std::string, std::string>> parameters)
      : context_(&context), pins_(std::move(pins)), parameters_(std::move(parameters)) {}

  /// While it lives, the loads of an opener belong together. So they need not look again at what a
  /// device has shown since.
  class Opening {
   public:
    explicit Opening(KeyOpener& opener) : opener_(opener) {
      opener_.opening_began_ = std::chrono::steady_clock::now();
    }
    ~Opening() { opener_.opening_began_.reset(); }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;

   private:
    KeyOpener& opener_;
  };

  /// Sets the key that signs if a hardware key's policy requires another key's signature.
  void SetPolicySigner(std::shared_ptr<const SigningKey> signer) { signer_ = std::move(signer); }

  /// Sets the rules for the processes in which modules and devices are used.
  void SetSandbox(SandboxRules rules) { sandbox_ = std::move(rules); }

  /// Discards the secrets given by options, so that they are read again: they may have changed.
  void ForgetSecrets();

  /// Records that a signature was made with the secrets read so far. SecretsWereAccepted() tells
  /// whether the secrets read since then are the same.
  void NoteAcceptedSecrets() { pins_.NoteAccepted(); }
  [[nodiscard]] bool SecretsWereAccepted() const { return pins_.WereAccepted(); }

  /// The private key at `reference`, or at the URI in the file there (ossl/uri_file.h). If there
  /// are several, the one that belongs to one of `certificates`; otherwise fails with
  /// kKeyAmbiguous.
  Result<std::shared_ptr<const SigningKey>> OpenKey(KeyReference reference,
                                                    std::span<const Certificate> certificates = {});

  /// Opens the key of a file from the file's earlier contents. The PIN sources are asked as usual.
  Result<std::shared_ptr<const SigningKey>> OpenKey(const std::shared_ptr<const WrappedKey>& file,
                                                    std::span<const Certificate> certificates = {});

  /// All certificates at `reference`, in order; at least one.
  Result<std::vector<Certificate>> OpenCertificates(KeyReference reference);

  /// Lists what the back end of `reference` shows there, or the keys and certificates of a file,
  /// whatever its permissions. Without logging in, only public objects are listed.
  ///
  /// Fails with kUsage for a reference of another provider. Fails with kKeyAmbiguous if it should
  /// log in and several tokens match.
  Result<Inventory> List(KeyReference reference, bool log_in);

  /// Makes a change in the device of `reference`, and returns what is affected. Like OpenKey(), it
  /// asks for a PIN if the device wants one, and as often. Nothing has changed while it asks. The
  /// caller names the reference in a failure.
  ///
  /// Fails with kUsage if the reference is neither in a device nor the file of a device's key. So
  /// it does if the back end cannot make such a change.
  Result<Inventory> Change(KeyReference reference, const DeviceChange& change);

 private:
  /// The purpose of one load.
  struct Wanted {
    StoreExpect expect = StoreExpect::kPrivateKey;
    Bytes public_keys = {};      ///< of the certificates that the key may belong to
    std::string inventory = {};  ///< "public" or "all" to take an inventory, else empty
    const DeviceChange* change = nullptr;
    /// Empty if no PIN is needed. If nullopt, the store asks for it.
    std::optional<Secret> context_pin = Secret();
  };

  Result<std::shared_ptr<const SigningKey>> OpenKeyFile(KeyReference reference,
                                                        std::span<const Certificate> certificates);
  Result<KeyReference> PlaceInFile(const std::string& uri);
  Result<std::shared_ptr<const SigningKey>> OpenOneOf(const KeyReference& reference,
                                                      const std::vector<std::string_view>& blocks,
                                                      std::span<const Certificate> certificates);
  Result<std::vector<Certificate>> CertificatesOf(KeyReference& reference, const Secret& file);
  Result<Inventory> ListFile(KeyReference& reference, bool log_in);
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
  SandboxRules sandbox_;
  std::shared_ptr<const SigningKey> signer_;
  std::optional<std::chrono::steady_clock::time_point> opening_began_;
};

}  // namespace credmint
