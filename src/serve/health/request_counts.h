// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "base/guarded.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// Counts answered requests by interface ("imds" if IsImdsPath(), otherwise "container") and
/// status. Requests that the HTTP server itself refuses are not counted.
///
/// Safe to call from any thread.
class RequestCounts {
 public:
  using Counts = std::map<std::pair<std::string_view, int>, std::uint64_t>;

  /// Does not count NotYet(), which is not an answer.
  void Add(const Request& request, const Response& response);

  [[nodiscard]] Counts Read();

 private:
  Guarded<Counts> counts_;
};

}  // namespace credmint::serve
