#include "identity/certificate_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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
  return LoadCandidates(*std::move(reference));
}

Result<std::vector<Certificate>> CertificateSource::LoadCandidates(KeyReference reference) {
  auto certificates = opener_->OpenCertificates(std::move(reference));
  if (!certificates || !options_.selector) return certificates;
  std::erase_if(*certificates,
                [this](const Certificate& one) { return !options_.selector->Matches(one); });
  if (certificates->empty()) {
    return Fail(ErrorCode::kKeyNotFound, "no certificate matches --cert-selector");
  }
  return certificates;
}

Result<CertificateChain> CertificateSource::Load(const SigningKey& key,
                                                 std::chrono::system_clock::time_point now) {
  auto reference = KeyReference::Parse(options_.certificate, KeyReference::Use::kCertificate);
  if (!reference) return Fail(std::move(reference), "--certificate");
  const bool from_file = reference->is_file();
  auto pool = LoadCandidates(*std::move(reference));
  if (!pool) return Fail(std::move(pool));
  auto leaf = Choose(*pool, from_file, key);
  if (!leaf) return Fail(std::move(leaf));
  if (!options_.intermediates.empty()) {
    auto bundle = KeyReference::Parse(options_.intermediates, KeyReference::Use::kCertificate);
    if (!bundle) return Fail(std::move(bundle), "--intermediates");
    auto intermediates = opener_->OpenCertificates(*std::move(bundle));
    if (!intermediates) return Fail(std::move(intermediates), "--intermediates");
    pool->insert(pool->end(), intermediates->begin(), intermediates->end());
  }
  return BuildChain(*std::move(leaf), *pool, now);
}

Result<Certificate> CertificateSource::Choose(const std::vector<Certificate>& candidates,
                                              bool from_file, const SigningKey& key) const {
  if (options_.latest_expiring) {
    return *std::max_element(
        candidates.begin(), candidates.end(),
        [](const Certificate& a, const Certificate& b) { return a.NotAfter() < b.NotAfter(); });
  }
  if (candidates.size() == 1) return candidates.front();
  const auto matching = std::find_if(candidates.begin(), candidates.end(),
                                     [&](const Certificate& one) { return Matches(key, one); });
  if (from_file) return matching != candidates.end() ? *matching : candidates.front();
  const auto count = std::count_if(candidates.begin(), candidates.end(),
                                   [&](const Certificate& one) { return Matches(key, one); });
  if (count == 1) return *matching;
  return tl::unexpected(Ambiguous(candidates));
}

}  // namespace credmint
