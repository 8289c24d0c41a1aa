// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "http/message.h"

namespace credmint {

/// An error response of the service (CONTRACT section 1.3).
struct ServiceError {
  int status = 0;
  std::string code;     ///< "AccessDeniedException"; "UnknownError" if the response has none
  std::string message;  ///< the service's message, or the start of a body that is not the service's
  std::string request_id;    ///< by which AWS finds the request; empty if the response has none
  bool is_web_page = false;  ///< something else answered; `message` is the page's title
};

/// Whether a response is a page for people, as of a proxy or a captive portal, whatever its status.
bool IsWebPage(const HttpResponse& response);

/// Parses a response that is not a success. The header X-Amzn-ErrorType has priority over the
/// body's `code`, which has priority over `__type`. Namespaces and URLs around the code are
/// removed. Never fails, because the status is always known. The texts are printable and limited in
/// length.
ServiceError ParseServiceError(const HttpResponse& response);

/// Returns the failure to report. The message ends with the request's ID. The code is
///
/// * kNetwork for a proxy that wants a password;
/// * kServiceBusy if IsRetryable();
/// * kServiceAnswer for a redirect and for a web page;
/// * otherwise kServiceRefused, for which SetLikelyCauses() has the hint.
Error DescribeServiceError(const ServiceError& error);

}  // namespace credmint
