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

/// How many requests were answered, by interface ("imds": what IsImdsPath() says; else
/// "container") and status. Those that the HTTP server refuses by itself are not among them.
///
/// Safe to call from any thread.
class RequestCounts {
 public:
  using Counts = std::map<std::pair<std::string_view, int>, std::uint64_t>;

  /// NotYet() is no answer, and not counted.
  void Add(const Request& request, const Response& response);

  [[nodiscard]] Counts Read();

 private:
  Guarded<Counts> counts_;
};

}  // namespace credmint::serve
