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

/// The place of the certificates, and how to choose one.
struct CertificateOptions {
  std::optional<KeyReference> certificate;
  std::optional<KeyReference> intermediates;    ///< a place of further certificates
  std::optional<CertificateSelector> selector;  ///< chooses among several
  bool latest_expiring = false;                 ///< of several, choose the one that expires last

  bool operator==(const CertificateOptions&) const = default;
};

/// The certificates that match a reference and a selector, and their place.
struct CertificateCandidates {
  std::vector<Certificate> certificates;  ///< at least one, without duplicates
  std::vector<Certificate> unselected;    ///< before selection; issuers may be among them
  KeyReference place;
};

/// Loads the current leaf and its chain. Reads them again each time, so that a renewed certificate
/// is used without a restart.
class CertificateSource {
 public:
  /// Both arguments must outlive this object.
  CertificateSource(KeyOpener& opener, const CertificateOptions& options)
      : opener_(&opener), options_(&options) {}

  /// Reads reference and selector again, and returns the certificates that match both. Fails with
  /// kUsage without a reference, or if the selector's file has become malformed.
  Result<CertificateCandidates> Find();

  /// The leaf for `key`, with its known issuers (BuildChain()). Issuers are looked for in the
  /// leaf's file or on its token, and in `intermediates`.
  ///
  /// The leaf is the candidate with the key's public key. If several candidates have it, this is
  /// the order of choice:
  ///
  /// * the one that expires last, if requested
  /// * the first one in a file
  /// * otherwise kKeyAmbiguous, with the candidates and a URI for each
  ///
  /// If none has it, CheckIdentity() reports the mismatch.
  Result<CertificateChain> ChainFor(const SigningKey& key, const CertificateCandidates& candidates,
                                    std::chrono::system_clock::time_point now);

  /// The same for a leaf that was chosen otherwise.
  Result<CertificateChain> ChainOf(Certificate leaf, const CertificateCandidates& candidates,
                                   std::chrono::system_clock::time_point now);

  /// Describes the candidates, at most eight: "CN=web (serial 51) pkcs11:...".
  std::string Describe(const CertificateCandidates& candidates);

  /// Find(), then ChainFor().
  Result<CertificateChain> Load(const SigningKey& key, std::chrono::system_clock::time_point now);

 private:
  [[nodiscard]] Result<std::vector<Certificate>> Select(std::vector<Certificate> candidates) const;
  Result<Certificate> Choose(const CertificateCandidates& candidates, const SigningKey& key);
  Error Ambiguous(const std::vector<Certificate>& candidates, const KeyReference& place);

  KeyOpener* opener_;
  const CertificateOptions* options_;
};

}  // namespace credmint
