// SPDX-License-Identifier: Apache-2.0
#include "enrolment/renewal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/random_fraction.h"
#include "base/whole_file.h"
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

/// Those of killed runs.
void ClearLeftovers(const IdentitySpec& spec) {
  for (const std::string& path : PathsIn({&spec.certificate.certificate, &spec.private_key})) {
    RemoveLeftovers(path);
  }
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
  constexpr std::chrono::days kBelieved{1};  // a later time is from a clock that was wrong
  const bool waits =
      record->retry_at && *record->retry_at > Now() && *record->retry_at - Now() <= kBelieved;
  if (!wishes_.at_once && waits) {
    return RenewalResult{RenewalResult::Kind::kWaits, *record->retry_at, {}};
  }
  ClearLeftovers(*opener_.spec());
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
  if (!candidates) {  // as after a kill while a device replaced the certificate
    if (const auto unfinished = Unfinished(nullptr, record)) return Finish(*unfinished, record);
    return Fail(candidates);
  }
  TimePoint due;
  const Certificate* const only = OnlyLeaf(candidates->certificates);
  if (only != nullptr && record.issued.empty()) {  // the key is not opened: a token sees no login
    const auto is_due = IsDue(*only, due);
    if (!is_due) return Fail(is_due);
    if (!*is_due) return NotDue(*only, due, record);
  }
  // A refused secret has to be remembered, so nothing is tried where nothing can be written.
  if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  const auto present = OpenPresent(source, *candidates);
  if (!present) return Fail(present);
  end_ = present->leaf().NotAfter();
  if (const auto unfinished = Unfinished(&*present, record)) return Finish(*unfinished, record);
  const auto is_due = IsDue(present->leaf(), due);
  if (!is_due) return Fail(is_due);
  return *is_due ? Renew(*present, record) : NotDue(present->leaf(), due, record);
}

Result<bool> Renewal::IsDue(const Certificate& leaf, TimePoint& due) const {
  const auto time = RenewalDue(leaf, wishes_.before);
  if (!time) return Fail(time);
  due = *time;
  return wishes_.at_once || due <= Now();
}

/// Clears what earlier runs have left.
Result<RenewalResult> Renewal::NotDue(const Certificate& leaf, TimePoint due,
                                      RenewalRecord& record) {
  if (record.failures > 0 || record.secret_refused) {
    record.failures = 0;
    record.retry_at.reset();
    record.secret_refused = false;
    if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  }
  Discard(leaf, record);
  return RenewalResult{RenewalResult::Kind::kNotDue, due, leaf, {}, DeleteOldKeys(leaf, record)};
}

Result<RenewalResult> Renewal::Renew(const Identity& present, RenewalRecord& record) {
  const Certificate& leaf = present.leaf();
  if (!wishes_.rekey) Discard(leaf, record);
  auto key = wishes_.rekey ? MakeNextKey(leaf, record)
                           : Result<std::shared_ptr<const SigningKey>>(present.key());
  auto chain = key ? Obtain(present, *key) : Result<CertificateChain>(Fail(std::move(key)));
  if (!chain) {
    Discard(leaf, record);
    return Fail(std::move(chain));
  }
  Replacement replacement{*std::move(chain), {}};
  if (wishes_.rekey) replacement.replaced = leaf;
  record.issued = PemOfChain(replacement.chain);
  record.replaced = wishes_.rekey ? PemOfChain({leaf, {}}) : "";
  if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  return Finish(replacement, record);
}

/// Its place is written down first, so that no run forgets it.
Result<std::shared_ptr<const SigningKey>> Renewal::MakeNextKey(const Certificate& leaf,
                                                               RenewalRecord& record) {
  if (record.next_key.empty() || !next_key_.IsKnown({record.next_key, record.next_digest})) {
    auto places = next_key_.Choose(leaf);
    if (!places) return Fail(std::move(places));
    record.present_key = std::move(places->present);
    record.next_key = std::move(places->next);
    record.next_digest.clear();
    if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  }
  auto key = next_key_.Make({record.next_key, record.next_digest}, leaf);
  if (!key) return key;
  record.next_digest = NextKey::DigestOf((*key)->get());
  if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  return key;
}

/// Deletes a new key that came to nothing. If that fails, the next run tries again.
void Renewal::Discard(const Certificate& in_use, RenewalRecord& record) {
  if (record.next_key.empty()) return;
  auto discarded = next_key_.Discard({record.next_key, record.next_digest}, in_use);
  if (discarded) {
    record.next_key.clear();
    record.next_digest.clear();
    record.present_key.clear();
    discarded = file_.Write(record);
  }
  if (!discarded) LogDebug("clearing a key that is not used: " + discarded.error().message);
}

std::vector<std::string> Renewal::DeleteOldKeys(const Certificate& in_use, RenewalRecord& record) {
  constexpr std::chrono::days kUntilNextLook{1};
  std::vector<std::string> notes;
  std::vector<OldKey> kept;
  bool changed = false;
  for (OldKey& old : record.old_keys) {
    if (old.delete_at > Now()) {
      kept.push_back(std::move(old));
      continue;
    }
    changed = true;
    const auto fate = next_key_.Delete(old, in_use);
    if (!fate) notes.push_back("an earlier key cannot be deleted: " + fate.error().message);
    if (fate && *fate == NextKey::Fate::kDeleted) {
      notes.push_back("deleted the earlier key " + old.place);
    }
    if (fate && *fate == NextKey::Fate::kForgotten) {
      notes.push_back("left " + old.place + " alone: the earlier key is not there, or is in use");
    }
    if (fate && *fate != NextKey::Fate::kStays) continue;
    old.delete_at = Now() + kUntilNextLook;  // each look may be a login
    kept.push_back(std::move(old));
  }
  record.old_keys = std::move(kept);
  if (!changed) return notes;
  if (const auto written = file_.Write(record); !written) {
    notes.push_back(written.error().message);
  }
  return notes;
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
/// `present` is null if there is no certificate in place.
std::optional<Renewal::Replacement> Renewal::Unfinished(const Identity* present,
                                                        RenewalRecord& record) {
  if (record.issued.empty()) return std::nullopt;
  std::string issued = std::exchange(record.issued, {});
  std::string replaces = std::exchange(record.replaced, {});
  auto read = ReadCertificateFile(context_, Secret(issued));
  auto replaced = ReadCertificateFile(context_, Secret(replaces));
  const bool failed_before = record.failures > 0;
  const bool starts_over = wishes_.at_once && failed_before && present != nullptr;
  if (!read || read->empty() || starts_over) return std::nullopt;
  Replacement found{{read->front(), {read->begin() + 1, read->end()}}, {}};
  if (replaced && !replaced->empty()) found.replaced = replaced->front();
  const auto key = KeyOf(found, present, record);
  if (!key || !CheckUsable(*key, found.chain)) return std::nullopt;
  const Certificate& leaf = found.chain.leaf;
  const bool is_better =
      present == nullptr || leaf == present->leaf() || CheckSuccessor(leaf, present->leaf());
  if (!is_better) return std::nullopt;
  LogDebug("an earlier run has obtained a certificate that is not in place yet");
  record.issued = std::move(issued);
  record.replaced = std::move(replaces);
  return found;
}

Result<std::shared_ptr<const SigningKey>> Renewal::KeyOf(const Replacement& replacement,
                                                         const Identity* present,
                                                         const RenewalRecord& record) {
  const Certificate& leaf = replacement.chain.leaf;
  if (present != nullptr && (!replacement.replaced || leaf == present->leaf())) {
    return present->key();
  }
  if (replacement.replaced) return next_key_.Open({record.next_key, record.next_digest});
  return opener_.OpenKey({&leaf, 1});
}

Result<void> Renewal::CheckUsable(const std::shared_ptr<const SigningKey>& key,
                                  const CertificateChain& chain) const {
  const auto identity = CheckIdentity(key, chain, Now());
  if (!identity) return Fail(identity);
  auto strong = opener_.CheckKeyStrength(chain.leaf.public_key());
  if (!strong) return Fail(std::move(strong), "certificate " + chain.leaf.Subject());
  return {};
}

Result<CertificateChain> Renewal::Obtain(const Identity& present,
                                         const std::shared_ptr<const SigningKey>& key) {
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

/// All steps may have been taken before.
Result<RenewalResult> Renewal::Finish(const Replacement& replacement, RenewalRecord& record) {
  const Certificate& leaf = replacement.chain.leaf;
  std::optional<OldKey> old;
  if (replacement.replaced) {
    auto beside = next_key_.PutBeside({record.present_key, record.next_key}, *replacement.replaced);
    if (!beside) return Fail(std::move(beside), "putting the new key beside the present one");
    old = *std::move(beside);
  }
  auto place = ImportCertificate(
      opener_.keys(), opener_.spec()->certificate.certificate->Clone(), replacement.chain,
      {.replaced = replacement.replaced, .owner_auth = wishes_.owner_auth.Clone()});
  if (!place) return Fail(std::move(place));
  if (auto good = CheckInPlace(leaf); !good) return Fail(std::move(good));
  RenewalRecord done;
  done.old_keys = std::move(record.old_keys);
  done.next_key = old && old->size > 0 ? record.next_key : "";  // a file, of no use any more
  if (old) {
    old->delete_at = Now() + wishes_.keep_old;
    done.old_keys.push_back(*std::move(old));
  }
  record = std::move(done);
  if (auto written = file_.Write(record); !written) return Fail(std::move(written));
  Discard(leaf, record);
  const auto due = RenewalDue(leaf, wishes_.before);
  return RenewalResult{RenewalResult::Kind::kRenewed, due.value_or(leaf.NotAfter()), leaf,
                       *std::move(place), DeleteOldKeys(leaf, record)};
}

/// Opens the identity as a mint does.
Result<void> Renewal::CheckInPlace(const Certificate& leaf) {
  const auto opened = opener_.Open();
  if (!opened) return Fail(opened, "the new certificate is in place, and cannot be used there");
  if ((*opened)->leaf() == leaf) return {};
  return Fail(
      ErrorCode::kCertificate,
      "the new certificate is in place, and another one is used: " + (*opened)->leaf().Subject());
}

}  // namespace credmint
