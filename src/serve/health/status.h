// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "credentials/refresher.h"
#include "serve/health/request_counts.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// A role that is served, and how its refresher stands.
struct RoleStatus {
  std::string name;
  RefresherState state;
  std::chrono::milliseconds longest_call{0};  ///< longer ones are stuck
};

/// Of all roles that are served now. Called by any thread.
using RolesStatus = std::function<std::vector<RoleStatus>()>;

/// What a server has done and has open. Called by the status' thread.
struct ServerStatus {
  std::function<RequestCounts::Counts()> requests;
  std::function<std::uint64_t()> tokens;
  std::function<unsigned()> connections;
};

/// What whoever watches over the process may know of it, on a listener of its own:
///
///     /healthz    200 while there are valid credentials for every role; else 503, and for each
///                 role without them a line "ROLE: REASON"
///     /metrics    figures in Prometheus' text format 0.0.4
///
/// There is no secret in it and no ARN, since every program of the machine can ask: names of roles,
/// reasons as in response.h ("Pending": the first call has not ended), counts and dates.
class Status {
 public:
  /// `listen_address` is numeric, without brackets; for the check of Host (host_check.h).
  Status(RolesStatus roles, ServerStatus server, std::string listen_address)
      : roles_(std::move(roles)),
        server_(std::move(server)),
        listen_address_(std::move(listen_address)) {}

  [[nodiscard]] Response Answer(const Request& request) const;

 private:
  [[nodiscard]] Response Health() const;
  [[nodiscard]] Response Metrics() const;

  const RolesStatus roles_;
  const ServerStatus server_;
  const std::string listen_address_;
};

}  // namespace credmint::serve
