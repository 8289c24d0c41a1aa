// SPDX-License-Identifier: Apache-2.0
#include "enrolment/renewal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/random_fraction.h"
#include "enrolment/alternative_name.h"
#include "enrolment/certificate_file_place.h"
#include "enrolment/certificate_import.h"
#include "enrolment/renewal_schedule.h"
#include "enrolment/successor_check.h"
#include "identity/chain.h"
#include "ossl/certificate_file.h"

namespace credmint {
namespace {

using std::chrono::seconds;

TimePoint Now() { return std::chrono::system_clock::now(); }

/// A moment at which the certificate is valid, as near to now as can be.
TimePoint WithinValidity(const Certificate& leaf) {
  return std::clamp(Now(), leaf.NotBefore(), leaf.NotAfter() - seconds(1));
}

/// The only one that is no issuer's. Nothing if a key must tell which one is meant.
const Certificate* OnlyLeaf(const std::vector<Certificate>& certificates) {
  const Certificate* only = nullptr;
  for (const Certificate& one : certificates) {
    if (one.IsCa()) continue;
    if (only != nullptr) return nullptr;
    only = &one;
  }
  return only;
}

bool WasSecretRefused(ErrorCode code) {
  return code == ErrorCode::kPinIncorrect || code == ErrorCode::kPinLocked;
}

}  // namespace

Result<RenewalResult> Renewal::Run() {
  auto record = file_.Read();
  if (!record) return Fail(std::move(record));
  if (!wishes_.at_once && record->secret_refused) {
    return Fail(ErrorCode::kPinIncorrect,
                "the last run's secret was refused, and it is not sent again",
                Remedy::kForceRenewal);
  }
  if (!wishes_.at_once && record->retry_at && *record->retry_at > Now()) {
    return RenewalResult{RenewalResult::Kind::kWaits, *record->retry_at, {}};
  }
  auto result = RunWith(*record);
  if (!result) NoteFailure(*record, result.error());
  return result;
}

void Renewal::NoteFailure(RenewalRecord& record, Error& failure) const {
  if (failure.code == ErrorCode::kUsage) return;
  const auto left = end_ ? std::chrono::duration_cast<seconds>(*end_ - Now()) : seconds(0);
  const seconds delay = RenewalRetry(++record.failures, left, RandomFraction());
  record.retry_at = Now() + delay;
  record.secret_refused = WasSecretRefused(failure.code);
  failure.retry_after = record.secret_refused ? seconds(0) : delay;
  if (const auto written = file_.Write(record); !written) LogWarning(written.error().message);
}

Result<RenewalResult> Renewal::RunWith(RenewalRecord& record) {
  CertificateSource source = opener_.certificates();
  const auto candidates = source.Find();
  if (!candidates) return Fail(candidates);
  const Certificate* const only = OnlyLeaf(candidates->certificates);
  if (only != nullptr && record.issued.empty()) {
    auto not_due = CheckDue(*only, record);
    if (!not_due) return Fail(std::move(not_due));
    if (*not_due) return **std::move(not_due);
  }
  const auto present = OpenPresent(source, *candidates);
  if (!present) return Fail(present);
  end_ = present->leaf().NotAfter();
  if (const auto unfinished = Unfinished(*present, record)) return Finish(*unfinished, record);
  auto not_due = CheckDue(present->leaf(), record);
  if (!not_due) return Fail(std::move(not_due));
  if (*not_due) return **std::move(not_due);
  const auto chain = Obtain(*present);
  if (!chain) return Fail(chain);
  record.issued = PemOfChain(*chain);
  if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  return Finish(*chain, record);
}

/// The key is not opened for a certificate that is not due: a token would see a login.
Result<std::optional<RenewalResult>> Renewal::CheckDue(const Certificate& leaf,
                                                       RenewalRecord& record) const {
  const auto due = RenewalDue(leaf, wishes_.before);
  if (!due) return Fail(due);
  if (wishes_.at_once || *due <= Now()) return std::nullopt;
  if (record.failures > 0) {
    record = {};
    if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  }
  return RenewalResult{RenewalResult::Kind::kNotDue, *due, leaf};
}

/// Like IdentityOpener::Open(), but takes a certificate that has expired.
Result<Identity> Renewal::OpenPresent(CertificateSource& source,
                                      const CertificateCandidates& candidates) const {
  auto key = opener_.OpenKeyOf(source, candidates);
  if (!key) return Fail(std::move(key));
  auto chain = source.ChainFor(**key, candidates, Now());
  if (!chain) return Fail(std::move(chain));
  const TimePoint when = WithinValidity(chain->leaf);
  return CheckIdentity(*std::move(key), *std::move(chain), when);
}

/// The certificate of a run that was cut off, or whose import failed, unless it is useless by now.
std::optional<CertificateChain> Renewal::Unfinished(const Identity& present,
                                                    RenewalRecord& record) const {
  if (record.issued.empty()) return std::nullopt;
  auto read = ReadCertificateFile(context_, Secret(record.issued));
  record.issued.clear();
  const bool failed_before = record.failures > 0;
  if (!read || read->empty() || (wishes_.at_once && failed_before)) return std::nullopt;
  CertificateChain chain{read->front(), {read->begin() + 1, read->end()}};
  const bool is_there = chain.leaf == present.leaf();
  if (!CheckUsable(present.key(), chain)) return std::nullopt;
  if (!is_there && !CheckSuccessor(chain.leaf, present.leaf())) return std::nullopt;
  LogDebug("an earlier run has obtained a certificate that is not in place yet");
  return chain;
}

Result<void> Renewal::CheckUsable(const std::shared_ptr<const SigningKey>& key,
                                  const CertificateChain& chain) const {
  const auto identity = CheckIdentity(key, chain, Now());
  if (!identity) return Fail(identity);
  auto strong = opener_.CheckKeyStrength(chain.leaf.public_key());
  if (!strong) return Fail(std::move(strong), "certificate " + chain.leaf.Subject());
  return {};
}

Result<CertificateChain> Renewal::Obtain(const Identity& present) {
  const auto& key = present.key();
  const auto request =
      MakeCertificateRequest(context_, *key, X509_get_subject_name(present.leaf().get()),
                             AlternativeNamesIn(present.leaf()));
  if (!request) return Fail(request);
  auto issued = issuer_.Issue({*request, *key, present});
  if (!issued) return Fail(std::move(issued), "renewing the certificate");
  std::vector<Certificate> pool = std::move(issued->issuers);
  pool.insert(pool.end(), present.issuers().begin(), present.issuers().end());
  auto chain = BuildChain(std::move(issued->leaf), pool, Now());
  auto checked = CheckUsable(key, chain);
  if (checked) checked = CheckSuccessor(chain.leaf, present.leaf());
  if (!checked) return Fail(std::move(checked), "the new certificate is not used");
  return chain;
}

Result<RenewalResult> Renewal::Finish(const CertificateChain& chain, RenewalRecord& record) {
  auto place = ImportCertificate(opener_.keys(), opener_.spec()->certificate.certificate->Clone(),
                                 chain, {.owner_auth = wishes_.owner_auth.Clone()});
  if (!place) return Fail(std::move(place));
  const auto opened = opener_.Open();
  if (!opened) return Fail(opened, "the new certificate is in place, and cannot be used there");
  if (!((*opened)->leaf() == chain.leaf)) {
    return Fail(
        ErrorCode::kCertificate,
        "the new certificate is in place, and another one is used: " + (*opened)->leaf().Subject());
  }
  record = {};
  if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  const auto due = RenewalDue(chain.leaf, wishes_.before);
  return RenewalResult{RenewalResult::Kind::kRenewed, due.value_or(chain.leaf.NotAfter()),
                       chain.leaf, *std::move(place)};
}

}  // namespace credmint
