// SPDX-License-Identifier: Apache-2.0
#include "identity/issuer_graph.h"

#include <algorithm>
#include <set>

#include "identity/chain.h"
#include "identity/refusals.h"

namespace credmint {
namespace {

constexpr std::size_t kMostVerifications = 2000;

bool Precedes(const Certificate* a, const Certificate* b) {
  return X509_cmp(a->get(), b->get()) < 0;
}

bool MayHaveIssued(const Certificate& issuer, const Certificate& subject) {
  const ErrorMark mark;
  return X509_NAME_cmp(X509_get_subject_name(issuer.get()), X509_get_issuer_name(subject.get())) ==
             0 &&
         (X509_get_extension_flags(issuer.get()) & EXFLAG_INVALID) == 0 &&
         (X509_get_key_usage(issuer.get()) & KU_KEY_CERT_SIGN) != 0 &&
         issuer.public_key() != nullptr;
}

/// Whether name, permission and key identifiers match, so that its signature is tried first.
bool Fits(const Certificate& issuer, const Certificate& subject) {
  const ErrorMark mark;
  return X509_check_issued(issuer.get(), subject.get()) == X509_V_OK;
}

}  // namespace

IssuerGraph::IssuerGraph(const std::vector<Certificate>& pool,
                         std::chrono::system_clock::time_point now)
    : now_(now), verifications_left_(kMostVerifications) {
  std::set<const Certificate*, decltype(&Precedes)> seen(&Precedes);
  for (const Certificate& certificate : pool) {
    if (seen.insert(&certificate).second) pool_.push_back(&certificate);
  }
}

const IssuerGraph::Issuers& IssuerGraph::Of(const Certificate& subject) {
  const auto known = issuers_.find(subject.get());
  if (known != issuers_.end()) return known->second;
  return issuers_.emplace(subject.get(), Find(subject)).first->second;
}

bool IssuerGraph::IsUsable(const Certificate& certificate) {
  const auto known = usable_.find(certificate.get());
  if (known != usable_.end()) return known->second;
  const bool usable = certificate.NotBefore() <= now_ && now_ <= certificate.NotAfter() &&
                      IssuerRefusals(certificate).empty();
  return usable_.emplace(certificate.get(), usable).first->second;
}

bool IssuerGraph::Verifies(const Certificate& issuer, const Certificate& subject) {
  if (verifications_left_ == 0) return false;
  --verifications_left_;
  const ErrorMark mark;
  return X509_verify(subject.get(), issuer.public_key()) == 1;
}

IssuerGraph::Issuers IssuerGraph::Find(const Certificate& subject) {
  std::vector<const Certificate*> candidates;
  std::copy_if(pool_.begin(), pool_.end(), std::back_inserter(candidates),
               [&](const Certificate* one) { return MayHaveIssued(*one, subject); });
  std::stable_partition(candidates.begin(), candidates.end(),
                        [&](const Certificate* one) { return Fits(*one, subject); });
  Issuers issuers;
  const EVP_PKEY* key = nullptr;  // only one key made the signature
  for (const Certificate* candidate : candidates) {
    const ErrorMark mark;
    if (key == nullptr && Verifies(*candidate, subject)) key = candidate->public_key();
    if (key == nullptr || EVP_PKEY_eq(key, candidate->public_key()) != 1) continue;
    if (candidate->IsSelfIssued() && Verifies(*candidate, *candidate)) {
      issuers.has_root = true;
    } else {
      issuers.above.push_back(candidate);
    }
  }
  std::stable_sort(issuers.above.begin(), issuers.above.end(),
                   [this](const Certificate* a, const Certificate* b) {
                     if (IsUsable(*a) != IsUsable(*b)) return IsUsable(*a);
                     return a->NotAfter() > b->NotAfter();
                   });
  if (issuers.above.size() > kMaxIssuers) issuers.above.resize(kMaxIssuers);
  return issuers;
}

}  // namespace credmint
