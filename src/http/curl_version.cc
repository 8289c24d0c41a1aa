// SPDX-License-Identifier: Apache-2.0
#include "http/curl_version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "http/curl_library.h"

namespace credmint {
namespace {

#ifdef CREDMINT_BUNDLED_CURL
constexpr const char* kOrigin = "part of the program, made from Debian's " CREDMINT_BUNDLED_CURL;
#else
constexpr const char* kOrigin = "the system's";
#endif

/// The strings of an array that ends with a null pointer.
std::vector<const char*> ListOf(const char* const* names) {
  std::vector<const char*> list;
  for (; names != nullptr && *names != nullptr; ++names) list.push_back(*names);
  return list;
}

}  // namespace

Result<std::string> DescribeCurl() {
  if (auto curl = LoadCurl(); !curl) return Fail(std::move(curl));
  const curl_version_info_data* const info = Curl().version_info(CURLVERSION_NOW);
  std::string text = fmt::format("libcurl {} ({}; {}; {}", info->version, kOrigin,
                                 info->ssl_version, fmt::join(ListOf(info->protocols), " "));
  if (info->age >= CURLVERSION_ELEVENTH) {
    text += fmt::format("; {}", fmt::join(ListOf(info->feature_names), " "));
  }
  return text + ")";
}

}  // namespace credmint
