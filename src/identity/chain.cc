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

const Certificate* FindIssuer(const Certificate& subject, const std::vector<Certificate>& pool,
                              TimePoint now) {
  const Certificate* best = nullptr;
  for (const Certificate& candidate : pool) {
    if (candidate.IsSelfIssued() || !Issued(candidate, subject)) continue;
    if (best == nullptr || Better(candidate, *best, now)) best = &candidate;
  }
  return best;
}

}  // namespace

CertificateChain BuildChain(Certificate leaf, const std::vector<Certificate>& pool, TimePoint now) {
  CertificateChain chain{std::move(leaf), {}};
  const Certificate* subject = &chain.leaf;
  chain.issuers.reserve(kMaxIssuers);
  while (chain.issuers.size() < kMaxIssuers) {
    const Certificate* issuer = FindIssuer(*subject, pool, now);
    const bool loops = issuer != nullptr && std::find(chain.issuers.begin(), chain.issuers.end(),
                                                      *issuer) != chain.issuers.end();
    if (issuer == nullptr || loops) break;
    chain.issuers.push_back(*issuer);
    subject = &chain.issuers.back();
  }
  return chain;
}

}  // namespace credmint
