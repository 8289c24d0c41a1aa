// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "enrolment/certificate_issuer.h"
#include "enrolment/next_key.h"
#include "enrolment/renewal_record.h"
#include "identity/identity_opener.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// Wishes about a renewal.
struct RenewalWishes {
  std::optional<std::chrono::seconds> before;  ///< the end of the certificate (RenewalDue())
  bool at_once = false;             ///< even if it is not due, and whatever the last run met with
  bool rekey = false;               ///< for a new key (next_key.h)
  std::chrono::seconds keep_old{};  ///< how long the earlier key stays then
  Secret owner_auth = {};           ///< the secret of the device's owner; empty: none
};

/// The outcome of a run.
struct RenewalResult {
  enum class Kind {
    kRenewed,
    kNotDue,
    kWaits,  ///< until the next try after a failure
  };

  Kind kind = Kind::kNotDue;
  TimePoint next;                       ///< the time of the next renewal or try
  std::optional<Certificate> leaf;      ///< the one in use now; none for kWaits
  std::string place = {};               ///< of the new certificate
  std::vector<std::string> notes = {};  ///< about earlier keys
};

/// Renews the certificate of an opener's spec, once.
///
/// The request has the subject and the alternative names of the present certificate. The new one is
/// checked as for an import, and by CheckSuccessor(), before anything is written. Then it goes to
/// the place of the present one, and is opened from there.
///
/// With a new key, the present one stays until its time is over, and a later run deletes it.
///
/// The record is written before each step that must not be lost, so after a kill the next run goes
/// on where this one ended. A failure leaves key and certificate as they were. It is recorded with
/// the time of the next try, but for a kUsage. The present certificate may have expired.
class Renewal {
 public:
  /// All arguments must outlive it. The spec must choose the latest to expire of several
  /// certificates.
  Renewal(const LibraryContext& context, IdentityOpener& opener, CertificateIssuer& issuer,
          const RenewalFile& file, const RenewalWishes& wishes)
      : context_(context),
        opener_(opener),
        issuer_(issuer),
        file_(file),
        wishes_(wishes),
        next_key_(context, opener, wishes.owner_auth) {}

  /// Fails as the opener, the issuer and ImportCertificate() do. Fails with kPinIncorrect without
  /// sending a secret if the last run's was refused. Error::retry_after is the time until the next
  /// try, where that helps.
  Result<RenewalResult> Run();

 private:
  /// A certificate to put in place, and what it replaces.
  struct Replacement {
    CertificateChain chain;
    std::optional<Certificate> replaced;  ///< if the key changes
  };

  Result<RenewalResult> RunWith(RenewalRecord& record);
  void NoteFailure(RenewalRecord& record, Error& failure) const;
  [[nodiscard]] Result<bool> IsDue(const Certificate& leaf, TimePoint& due) const;
  Result<RenewalResult> NotDue(const Certificate& leaf, TimePoint due, RenewalRecord& record);
  [[nodiscard]] Result<Identity> OpenPresent(CertificateSource& source,
                                             const CertificateCandidates& candidates) const;
  [[nodiscard]] std::optional<Replacement> Unfinished(const Identity* present,
                                                      RenewalRecord& record);
  [[nodiscard]] Result<std::shared_ptr<const SigningKey>> KeyOf(const Replacement& replacement,
                                                                const Identity* present,
                                                                const RenewalRecord& record);
  [[nodiscard]] Result<void> CheckUsable(const std::shared_ptr<const SigningKey>& key,
                                         const CertificateChain& chain) const;
  Result<std::shared_ptr<const SigningKey>> MakeNextKey(const Certificate& leaf,
                                                        RenewalRecord& record);
  Result<CertificateChain> Obtain(const Identity& present,
                                  const std::shared_ptr<const SigningKey>& key);
  Result<RenewalResult> Renew(const Identity& present, RenewalRecord& record);
  Result<RenewalResult> Finish(const Replacement& replacement, RenewalRecord& record);
  [[nodiscard]] Result<void> CheckInPlace(const Certificate& leaf);
  void Discard(const Certificate& in_use, RenewalRecord& record);
  std::vector<std::string> DeleteOldKeys(const Certificate& in_use, RenewalRecord& record);

  const LibraryContext& context_;
  IdentityOpener& opener_;
  CertificateIssuer& issuer_;
  const RenewalFile& file_;
  const RenewalWishes& wishes_;
  NextKey next_key_;
  /// The end of the present certificate, if it is known.
  std::optional<TimePoint> end_;
};

}  // namespace credmint
