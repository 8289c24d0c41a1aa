// SPDX-License-Identifier: Apache-2.0
#include "http/curl_ahead.h"

#include "base/quiet_thread.h"
#include "http/curl_library.h"
#include "http/request_ahead.h"

namespace credmint {

void CurlAhead::Start() {
  // Without the thread, libcurl is loaded when it is used.
  thread_ = StartQuietThread([] { static_cast<void>(LoadCurl()); });
}

void CurlAhead::Finish() {
  RequestAhead::AbandonAll();
  if (thread_.joinable()) thread_.join();
}

}  // namespace credmint
