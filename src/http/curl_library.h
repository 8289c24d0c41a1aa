// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include "base/error.h"

namespace credmint {

/// The functions of libcurl, loaded when the first request or URL needs them. To link it would cost
/// every start 3 ms and 28 libraries, also where nothing is sent (docs/design/architecture.md).
struct CurlLibrary {
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_url) url = nullptr;
  decltype(&::curl_url_set) url_set = nullptr;
  decltype(&::curl_url_get) url_get = nullptr;
  decltype(&::curl_url_cleanup) url_cleanup = nullptr;
  decltype(&::curl_free) free = nullptr;
};

/// Loads it, once; it stays for the life of the process. Fails with kInternal if it is not
/// installed. Safe to call from any thread.
Result<void> LoadCurl();

/// To be called after LoadCurl() succeeded.
const CurlLibrary& Curl();

}  // namespace credmint
