// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "identity/certificate_source.h"
#include "identity/identity.h"
#include "identity/identity_spec.h"
#include "identity/key_opener.h"
#include "identity/prompted_secrets.h"
#include "ossl/library_context.h"

namespace credmint {

/// How long to wait for files that are being replaced, if the whole call may take longer.
inline constexpr std::chrono::milliseconds kLongestPatience{1000};

/// Opens what an IdentitySpec names, again each time. Not for use by several threads at once.
class IdentityOpener {
 public:
  /// Opens only the policy's key, and reads the secret for it. `ask` supplies secrets for which the
  /// spec has no source; if it is null, nobody is asked. The context must outlive this object.
  static Result<IdentityOpener> Create(const LibraryContext& context,
                                       std::shared_ptr<const IdentitySpec> spec,
                                       const PromptFunction& ask = {});

  [[nodiscard]] const std::shared_ptr<const IdentitySpec>& spec() const { return spec_; }
  [[nodiscard]] KeyOpener& keys() { return keys_; }
  [[nodiscard]] CertificateSource certificates() { return {keys_, spec_->certificate}; }

  /// Opens the private key. `certificates` tell several keys apart. Fails with kUsage if the spec
  /// names no place for it. The key is the first of these:
  ///
  /// * the one that the spec names
  /// * at the place of the certificate, the one with the certificate's name
  /// * at the same place, any key that belongs to one of `certificates`
  Result<std::shared_ptr<const SigningKey>> OpenKey(std::span<const Certificate> certificates = {});

  /// The same for the candidates of certificates(), of which the latest to expire may be wanted. A
  /// failure describes them if they do not tell which key is meant.
  Result<std::shared_ptr<const SigningKey>> OpenKeyOf(CertificateSource& source,
                                                      const CertificateCandidates& candidates);

  /// Fails with kKeyUnusable for a weak key (CheckStrength()), unless the spec allows it.
  [[nodiscard]] Result<void> CheckKeyStrength(const EVP_PKEY* key) const;

  /// Opens key, certificate and chain, and checks that they match and the key is strong enough.
  Result<std::shared_ptr<const Identity>> Open();

  /// Like Open(), while someone may be replacing key and certificate. As long as these files change
  /// (ChangingFiles), reads again what does not match, is empty, is incomplete or is missing. Waits
  /// at most `patience`.
  ///
  /// A device's key is opened once and kept meanwhile. Nothing is retried after a refused secret,
  /// so no try is lost.
  Result<std::shared_ptr<const Identity>> OpenPatiently(std::chrono::milliseconds patience);

 private:
  IdentityOpener(std::shared_ptr<const IdentitySpec> spec, KeyOpener keys)
      : spec_(std::move(spec)), keys_(std::move(keys)) {}

  Result<std::shared_ptr<const SigningKey>> OpenKeyBeside(const KeyReference& place,
                                                          std::span<const Certificate> belonging);
  Result<std::shared_ptr<const Identity>> Open(std::shared_ptr<const SigningKey>& device_key);

  std::shared_ptr<const IdentitySpec> spec_;
  KeyOpener keys_;
};

/// The references that are paths, and so may be replaced.
std::vector<std::string> PathsIn(
    std::initializer_list<const std::optional<KeyReference>*> references);

/// How long after its last change a file may still be in the process of being replaced, if its
/// contents caused this failure; otherwise nullopt.
std::optional<std::chrono::milliseconds> SettlingTime(ErrorCode failure);

}  // namespace credmint
