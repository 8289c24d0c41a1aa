// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "ossl/certificate.h"

namespace credmint {

/// Who of a pool of certificates may have issued a certificate. Answers are remembered; the pool
/// must outlive it. Each answer costs signatures to verify, of which there are at most two thousand
/// in all: after that nobody is an issuer.
class IssuerGraph {
 public:
  IssuerGraph(const std::vector<Certificate>& pool, std::chrono::system_clock::time_point now);

  struct Issuers {
    /// Not self-signed; at most five, none twice, usable ones first, then by their ends, latest
    /// first.
    std::vector<const Certificate*> above;
    bool has_root = false;  ///< a self-signed certificate is among the issuers
  };

  const Issuers& Of(const Certificate& subject);

  /// Valid now, and nothing that the service would hold against it.
  [[nodiscard]] bool IsUsable(const Certificate& certificate);

 private:
  bool Verifies(const Certificate& issuer, const Certificate& subject);
  Issuers Find(const Certificate& subject);

  std::vector<const Certificate*> pool_;
  std::chrono::system_clock::time_point now_;
  std::size_t verifications_left_;
  std::map<const X509*, Issuers> issuers_;
  std::map<const X509*, bool> usable_;
};

}  // namespace credmint
