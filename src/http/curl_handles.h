// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "http/curl_library.h"

namespace credmint {

/// Free libcurl's objects, each with its own function.
struct CurlDeleter {
  void operator()(CURL* easy) const { Curl().easy_cleanup(easy); }
};
struct CurlMultiDeleter {
  void operator()(CURLM* multi) const { Curl().multi_cleanup(multi); }
};
struct CurlUrlDeleter {
  void operator()(CURLU* url) const { Curl().url_cleanup(url); }
};
struct CurlListDeleter {
  void operator()(curl_slist* list) const { Curl().slist_free_all(list); }
};
struct CurlTextDeleter {
  void operator()(char* text) const { Curl().free(text); }
};

using CurlPtr = std::unique_ptr<CURL, CurlDeleter>;
using CurlMultiPtr = std::unique_ptr<CURLM, CurlMultiDeleter>;
using CurlUrlPtr = std::unique_ptr<CURLU, CurlUrlDeleter>;
using CurlListPtr = std::unique_ptr<curl_slist, CurlListDeleter>;
using CurlTextPtr = std::unique_ptr<char, CurlTextDeleter>;

}  // namespace credmint
