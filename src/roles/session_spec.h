// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "http/curl_transport.h"
#include "rolesanywhere/endpoint.h"
#include "rolesanywhere/session_request.h"

namespace credmint::roles {

/// The parsed parameters of a session and of the connection to the service. They decide which
/// credentials a key gets. A custom endpoint is kept as typed, because parsing it loads libcurl.
struct SessionSpec {
  SessionRequest request;
  EndpointOptions endpoint;
  TransportOptions transport;
  std::chrono::milliseconds timeout{10'000};  ///< for the whole call, including retries

  bool operator==(const SessionSpec&) const = default;
};

}  // namespace credmint::roles
