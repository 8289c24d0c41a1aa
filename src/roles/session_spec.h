// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "http/curl_transport.h"
#include "rolesanywhere/endpoint.h"
#include "rolesanywhere/session_request.h"

namespace credmint::roles {

/// Which session is wanted and how the service is reached, parsed: all that decides which
/// credentials a key gets. A custom endpoint is kept as it was typed, because to take it apart
/// loads libcurl.
struct SessionSpec {
  SessionRequest request;
  EndpointOptions endpoint;
  TransportOptions transport;
  std::chrono::milliseconds timeout{10'000};  ///< for the whole call, retries included

  bool operator==(const SessionSpec&) const = default;
};

}  // namespace credmint::roles
