// SPDX-License-Identifier: Apache-2.0
#include "http/curl_ahead.h"

#include <signal.h>

#include <system_error>

#include "http/curl_library.h"

namespace credmint {

void CurlAhead::Start() {
  // Its thread takes no signals. The main thread may hold some back, at a prompt for example.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([] { static_cast<void>(LoadCurl()); });
  } catch (const std::system_error&) {  // then it is loaded when it is used
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void CurlAhead::Finish() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace credmint
