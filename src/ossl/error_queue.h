// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// The reason code of a hint. Our providers push it right after the error it belongs to.
inline constexpr int kHintReason = 1000;

/// A hint that words a remedy has this plus the remedy's number as its reason code. Its text is the
/// provider's wording, which contains no kBehindWords, then kBehindWords and the error's addition,
/// if any. Other programs print the text as one sentence; TakeOpensslError() takes it apart.
inline constexpr int kRemedyReason = 2000;
inline constexpr std::string_view kBehindWords = "; ";

/// The reason code for Error::retry_after, in milliseconds, pushed after the error or its hint.
inline constexpr int kRetryAfterReason = 1001;

/// The prefix of our own providers' error library names ("credmint-pkcs11", "credmint-tpm2").
inline constexpr std::string_view kProviderNamePrefix = "credmint-";

/// Turns this thread's OpenSSL error queue into one Error and empties it.
///
/// An error raised by one of our providers keeps its code, message, hint, remedy and retry_after.
/// A code that only a later version knows becomes `fallback`. Anything else becomes `fallback` with
/// OpenSSL's reasons, innermost first, joined by "; ". For an empty queue the message is "no reason
/// given". Where FIPS is demanded and an algorithm was missing, it is NotAllowedByFips().
Error TakeOpensslError(ErrorCode fallback);

/// The same. Also names an algorithm that was missing from all loaded providers; empty if none was.
Error TakeOpensslError(ErrorCode fallback, std::string& missing_algorithm);

/// kKeyUnusable, for an algorithm that OpenSSL's FIPS provider does not have.
Error NotAllowedByFips(const std::string& algorithm);

}  // namespace credmint
