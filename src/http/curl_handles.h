#pragma once

#include <curl/curl.h>

#include <memory>

namespace credmint {

/// Frees libcurl's objects, each by its own function.
struct CurlDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CurlTextDeleter {
  void operator()(char* text) const { curl_free(text); }
};

using CurlPtr = std::unique_ptr<CURL, CurlDeleter>;
using CurlUrlPtr = std::unique_ptr<CURLU, CurlUrlDeleter>;
using CurlListPtr = std::unique_ptr<curl_slist, CurlListDeleter>;
using CurlTextPtr = std::unique_ptr<char, CurlTextDeleter>;

}  // namespace credmint
