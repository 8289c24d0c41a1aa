// SPDX-License-Identifier: Apache-2.0
#include "http/curl_library.h"

#include "base/dynamic_library.h"
#include "base/loaded_once.h"

namespace credmint {
namespace {

// A bundled libcurl is part of the program.
#ifdef CREDMINT_BUNDLED_CURL
#define CREDMINT_CURL(name) functions.name = &::curl_##name
#else
#define CREDMINT_CURL(name) library.Find(functions.name, "curl_" #name)
#endif

Result<void> Find(CurlLibrary& functions) {
#ifndef CREDMINT_BUNDLED_CURL
  DynamicLibrary library("libcurl.so.4", "libcurl4");
#endif
  CREDMINT_CURL(easy_init);
  CREDMINT_CURL(easy_setopt);
  CREDMINT_CURL(easy_getinfo);
  CREDMINT_CURL(easy_strerror);
  CREDMINT_CURL(easy_cleanup);
  CREDMINT_CURL(multi_init);
  CREDMINT_CURL(multi_add_handle);
  CREDMINT_CURL(multi_perform);
  CREDMINT_CURL(multi_poll);
  CREDMINT_CURL(multi_wakeup);
  CREDMINT_CURL(multi_info_read);
  CREDMINT_CURL(multi_remove_handle);
  CREDMINT_CURL(multi_cleanup);
  CREDMINT_CURL(slist_append);
  CREDMINT_CURL(slist_free_all);
  CREDMINT_CURL(url);
  CREDMINT_CURL(url_set);
  CREDMINT_CURL(url_get);
  CREDMINT_CURL(url_cleanup);
  CREDMINT_CURL(free);
  CREDMINT_CURL(global_init);
  CREDMINT_CURL(version_info);
#ifndef CREDMINT_BUNDLED_CURL
  if (auto found = library.Check(); !found) return found;
#endif
  if (functions.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) return {};
  return Fail(ErrorCode::kInternal, "libcurl cannot be initialised");
}

using Library = LoadedOnce<CurlLibrary, Find>;

}  // namespace

Result<void> LoadCurl() { return Library::Check(); }

const CurlLibrary& Curl() { return Library::Use(); }

}  // namespace credmint
