// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string_view>

#include "base/error.h"
#include "http/url.h"

namespace credmint {

/// A transfer that libcurl gave up: its code, the handle (for what it recorded), what it wrote into
/// its error buffer, and what was attempted.
struct FailedTransfer {
  CURLcode code;
  CURL* easy;
  std::string_view detail;
  const Url& url;
  std::chrono::milliseconds timeout;
  bool proxy_in_environment;
};

/// Says it in our terms: the codes that Transport promises, "connecting to host:443: connection
/// refused", and a hint naming the option or the setting that may help.
Error DescribeFailure(const FailedTransfer& failed);

}  // namespace credmint
