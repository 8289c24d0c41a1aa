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

/// For how long what is being replaced is worth waiting for, where the whole call may take longer.
inline constexpr std::chrono::milliseconds kLongestPatience{1000};

/// Opens what an IdentitySpec names, each time anew. Not for use by several threads at once.
class IdentityOpener {
 public:
  /// Opens nothing but the policy's key, whose secret is read for that. Whoever `ask` asks is asked
  /// where the spec has no source for a secret; null: nobody. The context must outlive it.
  static Result<IdentityOpener> Create(const LibraryContext& context,
                                       std::shared_ptr<const IdentitySpec> spec,
                                       const PromptFunction& ask = {});

  [[nodiscard]] const std::shared_ptr<const IdentitySpec>& spec() const { return spec_; }
  [[nodiscard]] KeyOpener& keys() { return keys_; }
  [[nodiscard]] CertificateSource certificates() { return {keys_, spec_->certificate}; }

  /// The private key: that of the spec, else at the place of the certificate: under the
  /// certificate's name, else whichever key there belongs to one of `certificates`. These also tell
  /// several keys apart. Fails with kUsage where the spec names neither.
  Result<std::shared_ptr<const SigningKey>> OpenKey(std::span<const Certificate> certificates = {});

  /// kKeyUnusable for a key that is too weak (CheckStrength()), unless the spec allows it.
  [[nodiscard]] Result<void> CheckKeyStrength(const EVP_PKEY* key) const;

  /// Key, certificate and chain, checked against each other and CheckKeyStrength().
  Result<std::shared_ptr<const Identity>> Open();

  /// The same where somebody may be replacing key and certificate at this moment: what does not
  /// belong together, or is empty, half or missing, is read again while files of them change
  /// (ChangingFiles), for `patience` at most. A key of a device is opened once and kept meanwhile,
  /// and nothing is tried again after a refused secret: no try is lost.
  Result<std::shared_ptr<const Identity>> OpenPatiently(std::chrono::milliseconds patience);

 private:
  IdentityOpener(std::shared_ptr<const IdentitySpec> spec, KeyOpener keys)
      : spec_(std::move(spec)), keys_(std::move(keys)) {}

  Result<std::shared_ptr<const SigningKey>> OpenKeyBeside(const KeyReference& place,
                                                          std::span<const Certificate> belonging);
  Result<std::shared_ptr<const SigningKey>> OpenKeyOf(CertificateSource& source,
                                                      const CertificateCandidates& candidates);
  Result<std::shared_ptr<const Identity>> Open(std::shared_ptr<const SigningKey>& device_key);

  std::shared_ptr<const IdentitySpec> spec_;
  KeyOpener keys_;
};

/// What somebody may be replacing at this moment: those of the references that are paths.
std::vector<std::string> PathsIn(
    std::initializer_list<const std::optional<KeyReference>*> references);

/// For how long after its last change a file is taken for one that is being replaced, where this
/// failure came of what was in it; nothing where it did not.
std::optional<std::chrono::milliseconds> SettlingTime(ErrorCode failure);

}  // namespace credmint
