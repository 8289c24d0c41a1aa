#include "identity/chain.h"

#include <algorithm>

namespace credmint {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

bool Issued(const Certificate& issuer, const Certificate& subject) {
  const ErrorMark mark;
  return X509_check_issued(issuer.get(), subject.get()) == X509_V_OK &&
         issuer.public_key() != nullptr && X509_verify(subject.get(), issuer.public_key()) == 1;
}

bool ValidAt(const Certificate& certificate, TimePoint now) {
  return certificate.NotBefore() <= now && now <= certificate.NotAfter();
}

bool Better(const Certificate& candidate, const Certificate& best, TimePoint now) {
  if (ValidAt(candidate, now) != ValidAt(best, now)) return ValidAt(candidate, now);
  return candidate.NotAfter() > best.NotAfter();
}

bool IsSelfSigned(const Certificate& certificate) {
  return certificate.IsSelfIssued() && Issued(certificate, certificate);
}

bool Contains(const CertificateChain& chain, const Certificate& certificate) {
  return certificate == chain.leaf ||
         std::find(chain.issuers.begin(), chain.issuers.end(), certificate) != chain.issuers.end();
}

/// The best issuer of the chain's last certificate that is not in it yet: CAs that certified each
/// other must not lead in a circle.
const Certificate* FindIssuer(const CertificateChain& chain, const std::vector<Certificate>& pool,
                              TimePoint now) {
  const Certificate& subject = chain.issuers.empty() ? chain.leaf : chain.issuers.back();
  const Certificate* best = nullptr;
  for (const Certificate& candidate : pool) {
    if (!Issued(candidate, subject) || IsSelfSigned(candidate) || Contains(chain, candidate)) {
      continue;
    }
    if (best == nullptr || Better(candidate, *best, now)) best = &candidate;
  }
  return best;
}

}  // namespace

CertificateChain BuildChain(Certificate leaf, const std::vector<Certificate>& pool, TimePoint now) {
  CertificateChain chain{std::move(leaf), {}};
  while (chain.issuers.size() < kMaxIssuers) {
    const Certificate* issuer = FindIssuer(chain, pool, now);
    if (issuer == nullptr) break;
    chain.issuers.push_back(*issuer);
  }
  return chain;
}

}  // namespace credmint
