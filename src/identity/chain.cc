// SPDX-License-Identifier: Apache-2.0
#include "identity/chain.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "identity/issuer_graph.h"

namespace credmint {
namespace {

using CertificateList = std::vector<const Certificate*>;

/// One path up from the leaf.
struct Path {
  CertificateList issuers;
  bool complete = false;  ///< it ends below a root, or where no issuer is known
};

/// Whether both are the same CA. CAs that certified each other must not lead in a circle.
bool IsSameCa(const Certificate& a, const Certificate& b) {
  const ErrorMark mark;
  return X509_NAME_cmp(X509_get_subject_name(a.get()), X509_get_subject_name(b.get())) == 0 &&
         a.public_key() != nullptr && b.public_key() != nullptr &&
         EVP_PKEY_eq(a.public_key(), b.public_key()) == 1;
}

bool IsOnPath(const Certificate& one, const Certificate& leaf, const CertificateList& issuers) {
  return IsSameCa(one, leaf) ||
         std::any_of(issuers.begin(), issuers.end(),
                     [&](const Certificate* other) { return IsSameCa(one, *other); });
}

/// All paths of `graph`, the shorter ones first.
std::vector<Path> FindPaths(const Certificate& leaf, IssuerGraph& graph) {
  std::vector<Path> paths;
  std::vector<CertificateList> level = {{}};
  while (!level.empty()) {
    std::vector<CertificateList> next;
    for (const CertificateList& issuers : level) {
      const IssuerGraph::Issuers& found = graph.Of(issuers.empty() ? leaf : *issuers.back());
      CertificateList above;
      std::copy_if(found.above.begin(), found.above.end(), std::back_inserter(above),
                   [&](const Certificate* one) { return !IsOnPath(*one, leaf, issuers); });
      const bool is_full = issuers.size() == kMaxIssuers;
      if (found.has_root || above.empty() || is_full) {
        paths.push_back({issuers, found.has_root || found.above.empty()});
      }
      if (is_full) continue;
      for (const Certificate* one : above) {
        next.push_back(issuers);
        next.back().push_back(one);
      }
    }
    level = std::move(next);
  }
  return paths;
}

/// The number of usable certificates from the leaf upwards.
std::ptrdiff_t UsablePart(const Path& path, IssuerGraph& graph) {
  return std::find_if(path.issuers.begin(), path.issuers.end(),
                      [&](const Certificate* one) { return !graph.IsUsable(*one); }) -
         path.issuers.begin();
}

TimePoint FirstEnd(const Path& path) {
  TimePoint first = TimePoint::max();
  for (const Certificate* one : path.issuers) first = std::min(first, one->NotAfter());
  return first;
}

std::vector<TimePoint> Ends(const Path& path) {
  std::vector<TimePoint> ends;
  for (const Certificate* one : path.issuers) ends.push_back(one->NotAfter());
  return ends;
}

bool Better(const Path& a, const Path& b, IssuerGraph& graph) {
  const auto is_usable = [&](const Path& path) {
    return UsablePart(path, graph) == std::ssize(path.issuers);
  };
  if (is_usable(a) != is_usable(b)) return is_usable(a);
  if (a.complete != b.complete) return a.complete;
  if (a.issuers.size() != b.issuers.size()) return a.issuers.size() < b.issuers.size();
  return std::make_tuple(FirstEnd(a), Ends(a)) > std::make_tuple(FirstEnd(b), Ends(b));
}

/// The usable certificates of `path` that are not yet in `chosen`.
CertificateList NotYetSent(const Path& path, const CertificateList& chosen, IssuerGraph& graph) {
  CertificateList missing;
  std::copy_if(path.issuers.begin(), path.issuers.begin() + UsablePart(path, graph),
               std::back_inserter(missing), [&](const Certificate* one) {
                 return std::find(chosen.begin(), chosen.end(), one) == chosen.end();
               });
  return missing;
}

}  // namespace

CertificateChain BuildChain(Certificate leaf, const std::vector<Certificate>& pool, TimePoint now) {
  IssuerGraph graph(pool, now);
  std::vector<Path> paths = FindPaths(leaf, graph);
  std::stable_sort(paths.begin(), paths.end(),
                   [&](const Path& a, const Path& b) { return Better(a, b, graph); });
  CertificateList chosen = paths.front().issuers;
  for (const bool whole : {true, false}) {
    for (const Path& path : paths) {
      CertificateList missing = NotYetSent(path, chosen, graph);
      const std::size_t room = kMaxIssuers - chosen.size();
      if (missing.size() > room && whole) continue;
      missing.resize(std::min(missing.size(), room));
      chosen.insert(chosen.end(), missing.begin(), missing.end());
    }
  }
  CertificateChain chain{std::move(leaf), {}};
  for (const Certificate* issuer : chosen) chain.issuers.push_back(*issuer);
  return chain;
}

}  // namespace credmint
