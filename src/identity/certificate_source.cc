#include "identity/certificate_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "identity/chain.h"

namespace credmint {
namespace {

Error Ambiguous(const std::vector<Certificate>& candidates) {
  constexpr std::size_t kShown = 8;
  std::vector<std::string> names;
  for (const Certificate& certificate : candidates) {
    if (names.size() == kShown) {
      names.emplace_back("...");
      break;
    }
    names.push_back(fmt::format("{} (serial {})", certificate.Subject(), certificate.SerialHex()));
  }
  return {ErrorCode::kKeyAmbiguous,
          fmt::format("{} certificates match: {}", candidates.size(), fmt::join(names, ", ")),
          "name one by its object or id in the URI, by --cert-selector, or take "
          "--use-latest-expiring-certificate"};
}

bool Matches(const SigningKey& key, const Certificate& certificate) {
  const ErrorMark mark;
  return certificate.public_key() != nullptr &&
         EVP_PKEY_eq(key.get(), certificate.public_key()) == 1;
}

}  // namespace

Result<std::vector<Certificate>> CertificateSource::LoadAll() {
  auto reference = KeyReference::Parse(options_.certificate, KeyReference::Use::kCertificate);
  if (!reference) return Fail(std::move(reference), "--certificate");
  auto certificates = opener_->OpenCertificates(*std::move(reference));
  if (!certificates) return certificates;
  return Select(*std::move(certificates));
}

Result<std::vector<Certificate>> CertificateSource::Select(
    std::vector<Certificate> candidates) const {
  if (!options_.selector) return candidates;
  std::erase_if(candidates,
                [this](const Certificate& one) { return !options_.selector->Matches(one); });
  if (candidates.empty()) {
    return Fail(ErrorCode::kCertificate, "no certificate matches --cert-selector");
  }
  return candidates;
}

Result<CertificateChain> CertificateSource::Load(const SigningKey& key,
                                                 std::chrono::system_clock::time_point now) {
  auto reference = KeyReference::Parse(options_.certificate, KeyReference::Use::kCertificate);
  if (!reference) return Fail(std::move(reference), "--certificate");
  const bool from_file = reference->is_file();
  KeyReference place = reference->ForIssuers();
  auto candidates = opener_->OpenCertificates(*std::move(reference));
  if (!candidates) return Fail(std::move(candidates));
  std::vector<Certificate> pool = *candidates;
  if (!from_file && !pool.front().IsSelfIssued()) {
    // The issuers may lie beside the leaf; that none can be read there is no failure.
    if (auto others = opener_->OpenCertificates(std::move(place))) pool = *std::move(others);
  }
  auto selected = Select(*std::move(candidates));
  if (!selected) return Fail(std::move(selected));
  auto leaf = Choose(*selected, from_file, key);
  if (!leaf) return Fail(std::move(leaf));
  if (!options_.intermediates.empty()) {
    auto bundle = KeyReference::Parse(options_.intermediates, KeyReference::Use::kCertificate);
    if (!bundle) return Fail(std::move(bundle), "--intermediates");
    auto intermediates = opener_->OpenCertificates(*std::move(bundle));
    if (!intermediates) return Fail(std::move(intermediates), "--intermediates");
    pool.insert(pool.end(), intermediates->begin(), intermediates->end());
  }
  return BuildChain(*std::move(leaf), pool, now);
}

Result<Certificate> CertificateSource::Choose(const std::vector<Certificate>& candidates,
                                              bool from_file, const SigningKey& key) const {
  std::vector<Certificate> matching;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(matching),
               [&](const Certificate& one) { return Matches(key, one); });
  if (matching.size() == 1) return matching.front();
  // With none, whichever is taken is refused by CheckIdentity, which says why.
  if (matching.empty() && (from_file || candidates.size() == 1)) return candidates.front();
  if (matching.empty()) return tl::unexpected(Ambiguous(candidates));
  if (options_.latest_expiring) {
    return *std::max_element(
        matching.begin(), matching.end(),
        [](const Certificate& a, const Certificate& b) { return a.NotAfter() < b.NotAfter(); });
  }
  if (from_file) return matching.front();
  return tl::unexpected(Ambiguous(matching));
}

}  // namespace credmint
