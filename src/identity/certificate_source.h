// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "identity/certificate_selector.h"
#include "identity/identity.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"

namespace credmint {

/// Where certificates are and which one to take.
struct CertificateOptions {
  std::optional<KeyReference> certificate;
  std::optional<KeyReference> intermediates;    ///< further certificates
  std::optional<CertificateSelector> selector;  ///< narrows several down
  bool latest_expiring = false;                 ///< of several, the one that expires last

  bool operator==(const CertificateOptions&) const = default;
};

/// The certificates that a reference and a selector leave, and where they came from.
struct CertificateCandidates {
  std::vector<Certificate> certificates;  ///< at least one, none twice
  std::vector<Certificate> unselected;    ///< before the selector: issuers may be among them
  KeyReference place;
};

/// Loads the current leaf and its chain, afresh each time, so that a renewed certificate is used
/// without a restart.
class CertificateSource {
 public:
  /// Both must outlive it.
  CertificateSource(KeyOpener& opener, const CertificateOptions& options)
      : opener_(&opener), options_(&options) {}

  /// What the reference and the selector leave; both are read anew. Without a reference it fails
  /// with kUsage, as it does if the selector's file is malformed by now.
  Result<CertificateCandidates> Find();

  /// The leaf for `key`, with the issuers above it that are known (BuildChain).
  ///
  /// The leaf is the candidate that has the key's public key. If several have it, the first one in
  /// a file, the last to expire if that was wished for, else kKeyAmbiguous with the candidates, a
  /// URI for each. If none has it, CheckIdentity gets to say so. Issuers are looked for in the same
  /// file or on the same token, and in `intermediates`.
  Result<CertificateChain> ChainFor(const SigningKey& key, const CertificateCandidates& candidates,
                                    std::chrono::system_clock::time_point now);

  /// The candidates in words, eight at most: "CN=web (serial 51) pkcs11:...".
  std::string Describe(const CertificateCandidates& candidates);

  /// Find() and ChainFor().
  Result<CertificateChain> Load(const SigningKey& key, std::chrono::system_clock::time_point now);

 private:
  [[nodiscard]] Result<std::vector<Certificate>> Select(std::vector<Certificate> candidates) const;
  Result<Certificate> Choose(const CertificateCandidates& candidates, const SigningKey& key);
  Error Ambiguous(const std::vector<Certificate>& candidates, const KeyReference& place);

  KeyOpener* opener_;
  const CertificateOptions* options_;
};

}  // namespace credmint
