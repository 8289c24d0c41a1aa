// SPDX-License-Identifier: Apache-2.0
#include "http/curl_library.h"

#include "base/dynamic_library.h"
#include "base/loaded_once.h"

namespace credmint {
namespace {

Result<void> Find(CurlLibrary& functions) {
  DynamicLibrary library("libcurl.so.4", "libcurl4");
  library.Find(functions.easy_init, "curl_easy_init");
  library.Find(functions.easy_setopt, "curl_easy_setopt");
  library.Find(functions.easy_perform, "curl_easy_perform");
  library.Find(functions.easy_getinfo, "curl_easy_getinfo");
  library.Find(functions.easy_strerror, "curl_easy_strerror");
  library.Find(functions.easy_cleanup, "curl_easy_cleanup");
  library.Find(functions.slist_append, "curl_slist_append");
  library.Find(functions.slist_free_all, "curl_slist_free_all");
  library.Find(functions.url, "curl_url");
  library.Find(functions.url_set, "curl_url_set");
  library.Find(functions.url_get, "curl_url_get");
  library.Find(functions.url_cleanup, "curl_url_cleanup");
  library.Find(functions.free, "curl_free");
  decltype(&::curl_global_init) global_init = nullptr;
  library.Find(global_init, "curl_global_init");
  if (auto found = library.Check(); !found) return found;
  if (global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) return {};
  return Fail(ErrorCode::kInternal, "libcurl cannot be initialised");
}

using Library = LoadedOnce<CurlLibrary, Find>;

}  // namespace

Result<void> LoadCurl() { return Library::Check(); }

const CurlLibrary& Curl() { return Library::Use(); }

}  // namespace credmint
