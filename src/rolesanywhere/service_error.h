// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "http/message.h"

namespace credmint {

/// How the service says no (CONTRACT section 1.3).
struct ServiceError {
  int status = 0;
  std::string code;     ///< "AccessDeniedException"; "UnknownError" when the answer has none
  std::string message;  ///< the service's words, or the beginning of a body that is not its own
};

/// Reads an answer that is not a success. The header X-Amzn-ErrorType wins over the body's `code`,
/// that over its `__type`; namespaces and URLs around the code are cut off. Never fails: whatever
/// came, the status is known. The texts are printable and bounded.
ServiceError ParseServiceError(const HttpResponse& response);

/// The failure to report: kServiceBusy when IsRetryable says so, kServiceAnswer for a redirect,
/// else kServiceRefused; with a hint for the messages known to have one cause.
Error DescribeServiceError(const ServiceError& error);

}  // namespace credmint
