#include "http/curl_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <mutex>
#include <string>

namespace credmint {
namespace {

/// The ABI that curl.h describes.
constexpr const char* kLibrary = "libcurl.so.4";

CurlLibrary loaded;
std::once_flag load_once;
std::string failure;

/// Finds functions by name and remembers the first one that is missing.
class Finder {
 public:
  explicit Finder(void* library) : library_(library) {}

  template <typename Function>
  Function Find(const char* name) {
    void* const function = dlsym(library_, name);
    if (function == nullptr && failure.empty()) failure = fmt::format("it has no {}", name);
    return reinterpret_cast<Function>(function);
  }

 private:
  void* library_;
};

void Load() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    failure = dlerror();
    return;
  }
  Finder finder(library);
  const auto find = [&finder]<typename Function>(Function& function, const char* name) {
    function = finder.Find<Function>(name);
  };
  find(loaded.easy_init, "curl_easy_init");
  find(loaded.easy_setopt, "curl_easy_setopt");
  find(loaded.easy_perform, "curl_easy_perform");
  find(loaded.easy_getinfo, "curl_easy_getinfo");
  find(loaded.easy_strerror, "curl_easy_strerror");
  find(loaded.easy_cleanup, "curl_easy_cleanup");
  find(loaded.slist_append, "curl_slist_append");
  find(loaded.slist_free_all, "curl_slist_free_all");
  find(loaded.url, "curl_url");
  find(loaded.url_set, "curl_url_set");
  find(loaded.url_get, "curl_url_get");
  find(loaded.url_cleanup, "curl_url_cleanup");
  find(loaded.free, "curl_free");
  decltype(&::curl_global_init) global_init = nullptr;
  find(global_init, "curl_global_init");
  if (failure.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    failure = "it does not initialise";
  }
}

}  // namespace

Result<void> LoadCurl() {
  std::call_once(load_once, Load);
  if (failure.empty()) return {};
  return Fail(ErrorCode::kInternal, fmt::format("loading {}: {}", kLibrary, failure));
}

const CurlLibrary& Curl() { return loaded; }

}  // namespace credmint
