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

/// The kind of a failure, as far as a caller can act on it. The exit status, a retry or another PIN
/// prompt depends on this code, never on the text of a message.
///
/// The numbers travel through OpenSSL's error queue as our providers' reason codes. Each value is
/// therefore fixed once released and stays below OpenSSL's limit for reasons (23 bits).
enum class ErrorCode : std::uint16_t {
  kInternal = 1,             ///< a defect, or an OpenSSL failure that no input explains
  kUsage = 2,                ///< the command line contradicts itself or cannot be parsed
  kLocalIo = 3,              ///< a local file cannot be read or written
  kMalformed = 4,            ///< a key, key reference or key file cannot be parsed
  kKeyNotFound = 5,          ///< no key or certificate object matches
  kKeyAmbiguous = 6,         ///< more than one token or object matches
  kKeyUnusable = 7,          ///< the key exists but cannot make the signature asked for
  kModule = 8,               ///< the PKCS#11 module cannot be loaded
  kDevice = 9,               ///< token or TPM is absent, removed or failing
  kPinRequired = 10,         ///< a PIN, auth value or passphrase is needed and none was given
  kPinIncorrect = 11,        ///< the PIN was given, sent once, and refused
  kPinLocked = 12,           ///< the device accepts no further attempt
  kCertificate = 13,         ///< the certificate cannot be read, or the service would reject it
  kKeyMismatch = 14,         ///< key and certificate do not belong together
  kNetwork = 15,             ///< the service could not be reached
  kTimeout = 16,             ///< the deadline of the whole call passed
  kTls = 17,                 ///< the service's certificate or the TLS handshake failed
  kServiceRefused = 18,      ///< the service answered with an error that a retry will not change
  kServiceBusy = 19,         ///< throttled or a server fault; retries were exhausted
  kServiceAnswer = 20,       ///< the service's answer cannot be understood
  kContextPinRequired = 21,  ///< like kPinRequired, for the PIN of one signature
  kDeviceLost = 22,          ///< session, login or object is gone; reopening it may help
  kPolicyUnmet = 23,         ///< the conditions for using the key are not met
  kLockedOut = 24,           ///< no attempt is accepted until the device's lockout expires
  kSecretUnreadable = 25,    ///< like kPinRequired: a source was given and cannot be read now
  kTokenAbsent = 26,         ///< no token matches
  kModuleFailed = 27,        ///< the PKCS#11 module does not initialise; its device may be gone
  kAttestation = 28,         ///< an attestation, or an answer, does not hold
  kNotProven = 29,           ///< an attestation holds as far as it goes, and proves nothing yet
};

/// The largest value.
inline constexpr ErrorCode kLastErrorCode = ErrorCode::kNotProven;

/// A failure: a code to act on, a message, and a hint if a fix is known. The message is one
/// sentence with its outermost clause first. It has no final period, no line break and no secret.
///
/// If the wording of the fix depends on the audience, `remedy` names the fix, and `hint` holds what
/// to add to that wording.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string hint;
  std::chrono::milliseconds retry_after{
      0};  ///< the delay that the service or device asks for; 0: none
  Remedy remedy = Remedy::kNone;
  std::string request_id = {};  ///< by which the service knows the request; empty: none

  [[nodiscard]] bool HasHint() const { return remedy != Remedy::kNone || !hint.empty(); }

  /// Replaces the fix by a hint with the same wording for everyone.
  void SetHint(std::string text) {
    remedy = Remedy::kNone;
    hint = std::move(text);
  }
  /// Replaces the fix by a remedy.
  void SetRemedy(Remedy other) {
    remedy = other;
    hint.clear();
  }

  /// Appends one more suggestion to the hint.
  void AddHint(std::string_view text) {
    if (!hint.empty()) hint += "; ";
    hint += text;
  }

  /// Returns the same failure with a clause in front: "clause: message".
  [[nodiscard]] Error In(std::string_view clause) && {
    message.insert(0, std::string(clause) + ": ");
    return std::move(*this);
  }
};

/// A failure with a remedy; `added` is shown next to the remedy's wording.
inline Error MakeError(ErrorCode code, std::string message, Remedy remedy, std::string added = {}) {
  return {code, std::move(message), std::move(added), {}, remedy};
}

/// The return type of every fallible function. Our own code never throws.
template <typename T>
using Result = tl::expected<T, Error>;

/// `return Fail(code, message, hint);` in a function that returns a Result.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message, std::string hint = {}) {
  return tl::unexpected(Error{code, std::move(message), std::move(hint)});
}

/// The same for a fix whose wording depends on the audience; `added` is shown next to that wording.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message, Remedy remedy,
                                  std::string added = {}) {
  return tl::unexpected(MakeError(code, std::move(message), remedy, std::move(added)));
}

/// `return Fail(std::move(error));` where an Error already exists.
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected(std::move(error)); }

/// `return Fail(std::move(result), "opening x");` passes a failed Result on with another clause.
template <typename T>
tl::unexpected<Error> Fail(Result<T>&& failed, std::string_view clause = {}) {
  if (clause.empty()) return tl::unexpected(std::move(failed).error());
  return tl::unexpected(std::move(failed).error().In(clause));
}

/// The same for a Result that cannot be moved from.
template <typename T>
tl::unexpected<Error> Fail(const Result<T>& failed, std::string_view clause = {}) {
  return Fail(Result<T>(tl::unexpect, failed.error()), clause);
}

}  // namespace credmint
