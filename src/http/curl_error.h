// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/url.h"

namespace credmint {

/// A failed libcurl transfer: its code, the handle with its recorded details, the text from
/// libcurl's error buffer, and the request.
struct FailedTransfer {
  CURLcode code;
  CURL* easy;
  std::string_view detail;
  const Url& url;
  std::chrono::milliseconds timeout;
  const std::string& proxy;  ///< EnvironmentProxy(); empty: none, or not used
};

/// Translates the failure into one of the codes that Transport promises, with a message such as
/// "connecting to host:443: connection refused". The hint names the option or setting that may
/// help.
Error DescribeFailure(const FailedTransfer& failed);

}  // namespace credmint
