// SPDX-License-Identifier: Apache-2.0
#include "identity/certificate_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/printable.h"
#include "identity/chain.h"
#include "identity/inventory.h"

namespace credmint {
namespace {

constexpr std::size_t kMostShown = 8;
constexpr std::size_t kMostOfSubject = 200;

/// "CN=web (serial 51)", followed by the certificate's own URI if there is one.
std::string Describe(const Certificate& certificate, const Inventory& inventory) {
  std::string subject = certificate.Subject();
  if (subject.size() > kMostOfSubject) subject = subject.substr(0, kMostOfSubject) + "...";
  std::string text = fmt::format("{} (serial {})", PrintableUtf8(subject), certificate.SerialHex());
  for (const InventoryEntry& entry : inventory) {
    if (entry.certificate && *entry.certificate == certificate) return text + " " + entry.uri;
  }
  return text;
}

/// Sorts the descriptions, because a token returns objects in a changing order.
std::vector<std::string> Descriptions(const std::vector<Certificate>& certificates,
                                      const Inventory& inventory) {
  std::vector<std::string> descriptions;
  descriptions.reserve(certificates.size() + 1);
  for (const Certificate& certificate : certificates) {
    descriptions.push_back(Describe(certificate, inventory));
  }
  std::sort(descriptions.begin(), descriptions.end());
  if (descriptions.size() > kMostShown) {
    descriptions.resize(kMostShown);
    descriptions.emplace_back("...");
  }
  return descriptions;
}

void DropRepeats(std::vector<Certificate>& certificates) {
  std::vector<Certificate> once;
  for (const Certificate& certificate : certificates) {
    if (std::find(once.begin(), once.end(), certificate) == once.end()) once.push_back(certificate);
  }
  certificates = std::move(once);
}

bool Matches(const SigningKey& key, const Certificate& certificate) {
  const ErrorMark mark;
  return certificate.public_key() != nullptr &&
         EVP_PKEY_eq(key.get(), certificate.public_key()) == 1;
}

}  // namespace

Result<CertificateCandidates> CertificateSource::Find() {
  if (!options_->certificate) return Fail(ErrorCode::kUsage, "no certificate is named");
  KeyReference place = options_->certificate->Clone();
  auto certificates = opener_->OpenCertificates(options_->certificate->Clone());
  if (!certificates) return Fail(std::move(certificates));
  DropRepeats(*certificates);
  auto selected = Select(*certificates);
  if (!selected) return Fail(std::move(selected));
  return CertificateCandidates{*std::move(selected), *std::move(certificates), std::move(place)};
}

Result<std::vector<Certificate>> CertificateSource::Select(
    std::vector<Certificate> candidates) const {
  if (!options_->selector) return candidates;
  const auto selector = options_->selector->ReadAgain();
  if (!selector) return Fail(selector, "the selector");
  std::vector<Certificate> selected;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(selected),
               [&](const Certificate& one) { return selector->Matches(one); });
  if (selected.empty()) {
    return Fail(
        ErrorCode::kCertificate,
        fmt::format("no certificate matches the selector; there is {}",
                    fmt::join(Descriptions(candidates, Inventory()), ", ")),
        "names are written as shown, or as openssl x509 -subject prints them; upper and lower "
        "case differ");
  }
  return selected;
}

Result<CertificateChain> CertificateSource::Load(const SigningKey& key,
                                                 std::chrono::system_clock::time_point now) {
  auto candidates = Find();
  if (!candidates) return Fail(std::move(candidates));
  return ChainFor(key, *candidates, now);
}

Result<CertificateChain> CertificateSource::ChainFor(const SigningKey& key,
                                                     const CertificateCandidates& candidates,
                                                     std::chrono::system_clock::time_point now) {
  auto leaf = Choose(candidates, key);
  if (!leaf) return Fail(std::move(leaf));
  return ChainOf(*std::move(leaf), candidates, now);
}

Result<CertificateChain> CertificateSource::ChainOf(Certificate leaf,
                                                    const CertificateCandidates& candidates,
                                                    std::chrono::system_clock::time_point now) {
  std::vector<Certificate> pool = candidates.unselected;
  KeyReference all = candidates.place.ForAll();
  const bool is_narrow = all.text() != candidates.place.text();
  if (is_narrow && !leaf.IsSelfIssued()) {
    // It is not an error if no issuer can be read next to the leaf.
    if (auto beside = opener_->OpenCertificates(std::move(all))) {
      pool = *std::move(beside);
    }
  }
  if (options_->intermediates) {
    auto intermediates = opener_->OpenCertificates(options_->intermediates->Clone());
    if (!intermediates) return Fail(std::move(intermediates), "the intermediates");
    pool.insert(pool.end(), intermediates->begin(), intermediates->end());
  }
  return BuildChain(std::move(leaf), pool, now);
}

Result<Certificate> CertificateSource::Choose(const CertificateCandidates& candidates,
                                              const SigningKey& key) {
  const std::vector<Certificate>& all = candidates.certificates;
  const bool from_file = candidates.place.is_file();
  std::vector<Certificate> matching;
  std::copy_if(all.begin(), all.end(), std::back_inserter(matching),
               [&](const Certificate& one) { return Matches(key, one); });
  if (matching.size() == 1) return matching.front();
  // If none matches, CheckIdentity() refuses any choice and says why.
  if (matching.empty() && (from_file || all.size() == 1)) return all.front();
  if (matching.empty()) return Fail(Ambiguous(all, candidates.place));
  if (options_->latest_expiring) {
    return *std::max_element(
        matching.begin(), matching.end(),
        [](const Certificate& a, const Certificate& b) { return a.NotAfter() < b.NotAfter(); });
  }
  if (from_file) return matching.front();
  return Fail(Ambiguous(matching, candidates.place));
}

std::string CertificateSource::Describe(const CertificateCandidates& candidates) {
  const auto inventory = opener_->List(candidates.place.Clone(), false);
  return fmt::format(
      "{}",
      fmt::join(Descriptions(candidates.certificates, inventory ? *inventory : Inventory()), ", "));
}

Error CertificateSource::Ambiguous(const std::vector<Certificate>& candidates,
                                   const KeyReference& place) {
  const auto inventory = opener_->List(place.Clone(), false);
  const auto descriptions = Descriptions(candidates, inventory ? *inventory : Inventory());
  return MakeError(
      ErrorCode::kKeyAmbiguous,
      fmt::format("{} certificates match: {}", candidates.size(), fmt::join(descriptions, ", ")),
      Remedy::kChooseCertificate);
}

}  // namespace credmint
