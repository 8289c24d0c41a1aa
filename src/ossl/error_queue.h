// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace credmint {

/// Reason code that carries a hint: our providers push it right after the error it belongs to.
inline constexpr int kHintReason = 1000;

/// The same for Error::retry_after, in milliseconds, behind the error or its hint.
inline constexpr int kRetryAfterReason = 1001;

/// Name prefix of the error libraries of our own providers ("credmint-pkcs11", "credmint-tpm2").
inline constexpr std::string_view kProviderNamePrefix = "credmint-";

/// Empties OpenSSL's error queue of this thread into one Error.
///
/// An error raised by one of our providers keeps its code, message, hint and retry_after. Anything
/// else becomes `fallback` with OpenSSL's reasons, innermost first, joined by "; ". With an empty
/// queue the message is "no reason given".
Error TakeOpensslError(ErrorCode fallback);

/// The same; also says whether an algorithm was missed, which none of the providers loaded has.
Error TakeOpensslError(ErrorCode fallback, bool& misses_algorithm);

}  // namespace credmint
