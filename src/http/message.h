// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "http/url.h"

namespace credmint {

/// Header fields in the order of sending. Names keep their case and may repeat.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// Returns the value of the first field with that name, ignoring case.
std::optional<std::string_view> FindHeader(const Headers& headers, std::string_view name);

/// An HTTP request as a value.
struct HttpRequest {
  std::string method;
  Url url;
  Headers headers;
  std::string body;
};

/// An HTTP response as a value. The body is a Secret because that of a success holds credentials.
struct HttpResponse {
  int status = 0;
  Headers headers;
  Secret body;
};

/// Whether the status is from 200 to 299.
inline bool IsSuccess(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

}  // namespace credmint
