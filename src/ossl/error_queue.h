// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Reason code that carries a hint: our providers push it right after the error it belongs to.
inline constexpr int kHintReason = 1000;

/// This plus the number of a remedy is the reason code of a hint that words one. The text is the
/// provider's words, which have no kBehindWords in them, and behind the first one of that what the
/// error adds to them: other programs print a sentence, and TakeOpensslError() finds the parts.
inline constexpr int kRemedyReason = 2000;
inline constexpr std::string_view kBehindWords = "; ";

/// The same for Error::retry_after, in milliseconds, behind the error or its hint.
inline constexpr int kRetryAfterReason = 1001;

/// Name prefix of the error libraries of our own providers ("credmint-pkcs11", "credmint-tpm2").
inline constexpr std::string_view kProviderNamePrefix = "credmint-";

/// Empties OpenSSL's error queue of this thread into one Error.
///
/// An error raised by one of our providers keeps its code, message, hint, remedy and
/// retry_after. Anything else becomes `fallback` with OpenSSL's reasons, innermost first, joined by
/// "; ". With an empty queue the message is "no reason given".
Error TakeOpensslError(ErrorCode fallback);

/// The same; also says whether an algorithm was missed, which none of the providers loaded has.
Error TakeOpensslError(ErrorCode fallback, bool& misses_algorithm);

}  // namespace credmint
