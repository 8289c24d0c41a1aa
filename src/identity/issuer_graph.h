// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "ossl/certificate.h"

namespace credmint {

/// Finds the possible issuers of a certificate in a pool, and caches the answers. The pool must
/// outlive it.
///
/// An answer requires verifying signatures. After two thousand of them, it finds no more issuers.
class IssuerGraph {
 public:
  IssuerGraph(const std::vector<Certificate>& pool, std::chrono::system_clock::time_point now);

  struct Issuers {
    /// Not self-signed; at most five, without duplicates. Usable ones come first, and among them
    /// those that expire last.
    std::vector<const Certificate*> above;
    bool has_root = false;  ///< whether a self-signed certificate is among the issuers
  };

  const Issuers& Of(const Certificate& subject);

  /// Whether it is valid now and the service would accept it.
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
