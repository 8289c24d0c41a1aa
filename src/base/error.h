// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/remedy.h"

namespace credmint {

/// What kind of thing went wrong, as far as a caller can act on it. Decisions (exit status, retry,
/// asking again for a PIN) are made on this code, never on the text of a message.
///
/// The numbers travel through OpenSSL's error queue as reason codes of our providers, so each value
/// is fixed once released and stays below OpenSSL's limit for reasons (23 bits).
enum class ErrorCode : std::uint16_t {
  kInternal = 1,             ///< a defect, or an OpenSSL failure that no input explains
  kUsage = 2,                ///< the command line contradicts itself or cannot be parsed
  kLocalIo = 3,              ///< a local file cannot be read or written
  kMalformed = 4,            ///< a key, key reference or key file cannot be parsed
  kKeyNotFound = 5,          ///< no key or certificate object matches
  kKeyAmbiguous = 6,         ///< more than one token or object matches
  kKeyUnusable = 7,          ///< the key exists but cannot make the signature asked for
  kModule = 8,               ///< the PKCS#11 module cannot be loaded or initialised
  kDevice = 9,               ///< token or TPM absent, removed or failing
  kPinRequired = 10,         ///< a PIN, auth value or passphrase is needed and none was given
  kPinIncorrect = 11,        ///< it was given, sent once, and refused
  kPinLocked = 12,           ///< the device accepts no further try
  kCertificate = 13,         ///< the certificate cannot be read or the service would refuse it
  kKeyMismatch = 14,         ///< key and certificate do not belong together
  kNetwork = 15,             ///< the service could not be reached
  kTimeout = 16,             ///< the deadline for the whole call passed
  kTls = 17,                 ///< the service's certificate or the TLS handshake failed
  kServiceRefused = 18,      ///< the service answered with an error that a retry will not change
  kServiceBusy = 19,         ///< throttled or a server fault; retries were exhausted
  kServiceAnswer = 20,       ///< the service's answer makes no sense
  kContextPinRequired = 21,  ///< as kPinRequired, for the PIN of one signature
  kDeviceLost = 22,          ///< session, login or object is gone; opening it anew may help
  kPolicyUnmet = 23,         ///< the conditions under which the key may be used are not fulfilled
  kLockedOut = 24,           ///< the device accepts no try for a while: its lockout ends by itself
};

/// A failure: a code to act on, one sentence for people (outermost clause first, no final period,
/// no line break, no secret), and a hint where a fix is known. A fix that is said differently to
/// different people is a `remedy`, and the hint is then what is added to its words, if anything.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string hint;
  std::chrono::milliseconds retry_after{0};  ///< what service or device asks for; 0: nothing
  Remedy remedy = Remedy::kNone;

  [[nodiscard]] bool HasHint() const { return remedy != Remedy::kNone || !hint.empty(); }

  /// Replaces what was to be done by this, which is said to everybody.
  void SetHint(std::string text) {
    remedy = Remedy::kNone;
    hint = std::move(text);
  }
  /// The same for a remedy.
  void SetRemedy(Remedy other) {
    remedy = other;
    hint.clear();
  }

  /// Says one thing more behind what is to be done.
  void AddHint(std::string_view text) {
    if (!hint.empty()) hint += "; ";
    hint += text;
  }

  /// The same failure with one more clause in front: "clause: message".
  [[nodiscard]] Error In(std::string_view clause) && {
    message.insert(0, std::string(clause) + ": ");
    return std::move(*this);
  }
};

/// A failure with a remedy; `added` is said beside the words for it.
inline Error MakeError(ErrorCode code, std::string message, Remedy remedy, std::string added = {}) {
  return {code, std::move(message), std::move(added), {}, remedy};
}

/// What every fallible function returns; nothing of ours throws.
template <typename T>
using Result = tl::expected<T, Error>;

/// `return Fail(code, message, hint);` in a function that returns a Result.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message, std::string hint = {}) {
  return tl::unexpected(Error{code, std::move(message), std::move(hint)});
}

/// The same where the hint depends on who is told. `added` is said beside the words for the remedy.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message, Remedy remedy,
                                  std::string added = {}) {
  return tl::unexpected(MakeError(code, std::move(message), remedy, std::move(added)));
}

/// `return Fail(std::move(error));` where an Error is at hand.
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected(std::move(error)); }

/// `return Fail(std::move(result), "opening x");` passes a failed Result on, with its next clause.
template <typename T>
tl::unexpected<Error> Fail(Result<T>&& failed, std::string_view clause = {}) {
  if (clause.empty()) return tl::unexpected(std::move(failed).error());
  return tl::unexpected(std::move(failed).error().In(clause));
}

/// The same of one that cannot be moved from.
template <typename T>
tl::unexpected<Error> Fail(const Result<T>& failed, std::string_view clause = {}) {
  return Fail(Result<T>(tl::unexpect, failed.error()), clause);
}

}  // namespace credmint
