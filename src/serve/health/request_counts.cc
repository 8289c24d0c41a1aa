// SPDX-License-Identifier: Apache-2.0
#include "serve/health/request_counts.h"

#include "serve/api/imds.h"

namespace credmint::serve {

void RequestCounts::Add(const Request& request, const Response& response) {
  if (IsNotYet(response)) return;
  const std::string_view interface = IsImdsPath(request.path) ? "imds" : "container";
  ++(*counts_.Lock())[{interface, response.status}];
}

RequestCounts::Counts RequestCounts::Read() { return *counts_.Lock(); }

}  // namespace credmint::serve
