// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/curl_transport.h"
#include "rolesanywhere/session.h"

namespace credmint::cli {

/// The flags that say which session is wanted and how the service is reached.
struct ServiceOptions {
  SessionParameters session;
  long long duration_seconds = 3600;
  std::string endpoint;
  std::string endpoint_source = "--endpoint";  ///< who says it, for messages
  std::optional<bool> fips;
  std::optional<bool> dualstack;
  std::string ca_bundle;
  std::string ca_bundle_source = "--ca-bundle";
  bool no_verify_ssl = false;
  bool with_proxy = false;
  bool no_proxy = false;
  double timeout_seconds = 10;
  std::vector<std::string> notes;  ///< for --debug: what the surroundings said (AddAwsSettings())

  bool operator==(const ServiceOptions&) const = default;
};

void AddServiceFlags(CLI::App& command, ServiceOptions& options);

/// Fails with kUsage if one of the three ARNs is missing.
Result<void> CheckArnsAreGiven(const ServiceOptions& options);

/// The ARNs and what else is asked for, checked against each other. Fails with kUsage.
Result<SessionRequest> MakeSessionRequest(const ServiceOptions& options);

/// --timeout.
std::chrono::milliseconds Timeout(const ServiceOptions& options);

/// What Session needs, checked as far as that is possible without the key or the network. The
/// endpoint is the custom one, else that of the region. Fails with kUsage.
Result<SessionOptions> MakeSessionOptions(const ServiceOptions& options);

/// How hosts are reached and trusted; warns in the log when TLS is not verified. Fails with
/// kLocalIo when --ca-bundle is no file of certificates, or everybody may write it.
Result<TransportOptions> MakeTransportOptions(const ServiceOptions& options);

/// Says on stderr, for commands that stay, that TLS is not verified; `clause` stands in front.
void WarnOfUnverified(const ServiceOptions& options, std::string_view clause = {});

}  // namespace credmint::cli
