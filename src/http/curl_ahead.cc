// SPDX-License-Identifier: Apache-2.0
#include "http/curl_ahead.h"

#include "http/curl_library.h"
#include "http/request_ahead.h"
#include "http/spare_thread.h"

namespace credmint {

void CurlAhead::Start() {
  // Without the thread, libcurl is loaded when it is used.
  StartSpareThread([] { static_cast<void>(LoadCurl()); });
}

void CurlAhead::Finish() {
  RequestAhead::AbandonAll();
  EndSpareThread();
}

}  // namespace credmint
