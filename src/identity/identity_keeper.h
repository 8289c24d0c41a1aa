// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/steady_text.h"
#include "identity/identity.h"
#include "identity/wrapped_key.h"

namespace credmint {

/// How a keeper comes by keys and certificates.
struct IdentitySupply {
  /// The pair that is there now, read afresh.
  std::function<Result<std::shared_ptr<const Identity>>()> open;
  /// The key alone that belongs to a certificate which was there before.
  std::function<Result<std::shared_ptr<const SigningKey>>(const Certificate&)> open_key;
  /// The device's key that was in a file which may have been replaced.
  std::function<Result<std::shared_ptr<const SigningKey>>(const std::shared_ptr<const WrappedKey>&)>
      open_wrapped;
};

/// What a keeper has from its surroundings. Tests replace it.
struct IdentityKeeperEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< default: sleeps
};

/// Opens key and certificate anew each time, and goes on with the last good pair while what is
/// there is none: half written, of two pairs, not valid, missing.
///
/// A new certificate is taken over with its key once they match and are valid (CheckIdentity) and
/// the key has made a signature. That signature is the only one that is made for the keeper, one
/// for each renewal. Otherwise it is tried once more after kPause, long enough for whoever replaces
/// two files one after the other: then nothing has to be said. If that fails, too, the earlier
/// certificate stays in use for as long as it is valid, and why is reported once, and again when
/// the reason changes.
///
/// Of the earlier pair the certificates are kept, and the key if it is in memory. A key of a device
/// is let go and opened again when it is needed: what is loaded into a TPM takes one of a few
/// places, and a session of a token may die meanwhile. If it was in a file that has been replaced,
/// it is loaded from what that held, but not after Reload(): it would be given new secrets, and
/// each wrong one costs a try.
///
/// After a refused PIN, auth value or passphrase (kPinIncorrect, kPinLocked) nothing is opened
/// before Reload(), because devices count the tries. After kLockedOut nothing else is opened in
/// that call; the next one opens again, and it is the caller's to wait until that makes sense.
///
/// Not for use by several threads at once.
class IdentityKeeper {
 public:
  static constexpr std::chrono::milliseconds kPause{100};

  IdentityKeeper(IdentitySupply supply, std::function<void(const Error&)> report,
                 IdentityKeeperEnvironment environment = {});

  /// The pair that is there now, or the earlier one: if that fails to sign, its error also says why
  /// it is still in use. Where there is none, or it is no longer of use either, fails with the
  /// reason why the one that is there now is not, and in its message that of the earlier one.
  Result<std::shared_ptr<const Identity>> Get();

  /// Has the key make a signature before the first pair is given out, too, and after a Reload(). A
  /// TPM says that an auth value is wrong when it is used: of several who would use it at once each
  /// would cost a try.
  void ProveFirst() { proves_first_ = must_prove_ = true; }

  /// Has a refused PIN tried again, and all reasons reported again. The earlier pair stays.
  void Reload();

 private:
  using Opened = Result<std::shared_ptr<const Identity>>;

  Opened OpenPatiently();
  Opened Open();
  Opened OpenProven();
  Opened Earlier();
  [[nodiscard]] Opened EarlierWith(Result<std::shared_ptr<const SigningKey>> key) const;
  void Keep(const Identity& identity);
  void ReportOnce(const Error& error);

  const IdentitySupply supply_;
  const std::function<void(const Error&)> report_;
  IdentityKeeperEnvironment environment_;

  std::optional<CertificateChain> chain_;      // of the last good pair
  std::shared_ptr<const SigningKey> key_;      // null if it is a device's
  std::shared_ptr<const WrappedKey> wrapped_;  // null if it is not a device's in a file
  std::optional<Error> refusal_;               // of a PIN
  bool proves_first_ = false;
  bool must_prove_ = false;
  ReportedFailure reported_;  // the last reason, while it holds
};

}  // namespace credmint
