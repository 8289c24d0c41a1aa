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

/// How a keeper gets keys and certificates.
struct IdentitySupply {
  /// Opens the current pair, reading it again each time.
  std::function<Result<std::shared_ptr<const Identity>>()> open;
  /// Opens the key of an earlier certificate.
  std::function<Result<std::shared_ptr<const SigningKey>>(const Certificate&)> open_key;
  /// Opens a device's key from the earlier contents of a file that may have been replaced.
  std::function<Result<std::shared_ptr<const SigningKey>>(const std::shared_ptr<const WrappedKey>&)>
      open_wrapped;
};

/// The surroundings of a keeper. Tests replace them.
struct IdentityKeeperEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< sleeps by default
};

/// Opens key and certificate again each time. If the current pair is unusable (half written, mixed,
/// not valid, missing), it continues with the last good pair. Not for use by several threads at
/// once.
///
/// A new certificate and its key are adopted if they match and are valid (CheckIdentity()), and the
/// key has made a signature. That is the keeper's only signature, one for each renewal. If any of
/// this fails, the keeper waits kPause and tries again. Someone who replaces two files one after
/// the other is usually done by then, so nothing is reported. If the second attempt fails, too, the
/// earlier certificate stays in use while it is valid. The reason is reported once, and again when
/// it changes.
///
/// The keeper stores the certificates of the earlier pair, and its key if that is in memory. A
/// device's key is released and opened again when needed. In a TPM it would take one of few slots,
/// and a token's session may end in the meantime. If the file of such a key was replaced, the key
/// is loaded from the file's earlier contents. This does not happen after Reload(): the key would
/// then be given new secrets, and each wrong one costs a try.
///
/// After a refused PIN, auth value or passphrase (kPinIncorrect, kPinLocked) nothing is opened
/// until Reload(), because devices count the tries. After kLockedOut nothing else is opened in that
/// call. The next call opens again; the caller should wait until that makes sense.
class IdentityKeeper {
 public:
  static constexpr std::chrono::milliseconds kPause{100};

  IdentityKeeper(IdentitySupply supply, std::function<void(const Error&)> report,
                 IdentityKeeperEnvironment environment = {});

  /// The current pair, or the earlier one. If the earlier one fails to sign, its error also says
  /// why it is still in use. If neither is usable, fails with the reason for the current one; the
  /// message also has the reason for the earlier one.
  Result<std::shared_ptr<const Identity>> Get();

  /// Requires a signature before the first pair is returned, and after a Reload(). A TPM reports a
  /// wrong auth value only when it is used. If several users tried it at the same time, each would
  /// cost a try.
  void ProveFirst() { proves_first_ = must_prove_ = true; }

  /// Allows a refused PIN to be tried again, and reports all reasons again. The earlier pair stays.
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
  std::shared_ptr<const SigningKey> key_;      // null if a device's
  std::shared_ptr<const WrappedKey> wrapped_;  // null unless a device's from a file
  std::optional<Error> refusal_;               // of a PIN or other secret
  bool proves_first_ = false;
  bool must_prove_ = false;
  ReportedFailure reported_;  // the last reason, while it holds
};

}  // namespace credmint
