// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "credentials/refresher.h"
#include "serve/health/request_counts.h"
#include "serve/health/user_records.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// A served role and the state of its refresher.
struct RoleStatus {
  std::string name;
  RefresherState state;
  std::chrono::milliseconds longest_call{0};                    ///< a longer call is stuck
  std::optional<TimePoint> certificate_expires = std::nullopt;  ///< of the certificate in use
  std::string spare_in_use = {};  ///< the name of an identity; empty: the first one is in use
};

/// Returns the status of all currently served roles. Safe to call from any thread.
using RolesStatus = std::function<std::vector<RoleStatus>()>;

/// The process that opens the keys of one module or TPM, for /metrics.
struct KeyProcessStatus {
  std::string device;  ///< "the TPM"
  bool runs = false;
  std::map<std::string, std::uint64_t> ends;                 ///< by cause
  std::vector<std::pair<double, std::uint64_t>> signatures;  ///< at most so many seconds: count
  std::uint64_t signature_count = 0;
  double signature_seconds = 0;
};

/// A server's totals and open connections. Called on the status listener's thread.
struct ServerStatus {
  std::function<RequestCounts::Counts()> requests;
  std::function<std::uint64_t()> tokens;
  std::function<unsigned()> connections;
  std::function<UserRecords::Given()> given;
  std::function<std::uint64_t()> refusals;
  std::function<std::vector<KeyProcessStatus>()> key_processes;
};

/// Serves monitoring data, on a listener of its own:
///
///     /healthz    200 while there are valid credentials for every role; else 503, and for each
///                 role without them a line "ROLE: REASON (WORDS)", with the words of CauseOf().
///                 With 200, a line "ROLE: uses the identity NAME" for each role that uses a spare
///     /metrics    figures in Prometheus' text format 0.0.4
///
/// Every program on the machine can read it, so it contains no secrets and no ARNs. It contains the
/// names of roles and spare identities, user IDs, counts, dates, and reasons as in response.h. The
/// reason "Pending" means that the first call has not ended.
class Status {
 public:
  /// `listen_address` is numeric, without brackets, and used to check Host (host_check.h).
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
