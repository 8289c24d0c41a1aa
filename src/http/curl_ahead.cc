// SPDX-License-Identifier: Apache-2.0
#include "http/curl_ahead.h"

#include <system_error>

#include "http/curl_library.h"

namespace credmint {

void CurlAhead::Start() {
  try {
    thread_ = std::thread([] { static_cast<void>(LoadCurl()); });
  } catch (const std::system_error&) {  // then it is loaded when it is used
  }
}

void CurlAhead::Finish() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace credmint
