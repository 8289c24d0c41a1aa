#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "http/curl_transport.h"
#include "rolesanywhere/session.h"

namespace credmint::cli {

/// The flags that say which session is wanted and how the service is reached.
struct ServiceOptions {
  SessionParameters session;
  long long duration_seconds = 3600;
  std::string endpoint;
  bool fips = false;
  bool dualstack = false;
  std::string ca_bundle;
  bool no_verify_ssl = false;
  bool with_proxy = false;
  bool no_proxy = false;
  double timeout_seconds = 10;
};

void AddServiceFlags(CLI::App& command, ServiceOptions& options);

/// What Session needs, checked as far as that is possible without the key or the network. The
/// endpoint: --endpoint, else $AWS_ENDPOINT_URL_ROLESANYWHERE, else $AWS_ENDPOINT_URL, else that of
/// the region. Fails with kUsage.
Result<SessionOptions> MakeSessionOptions(const ServiceOptions& options);

/// How hosts are reached and trusted; warns in the log when TLS is not verified. Fails with
/// kLocalIo when --ca-bundle is no file of certificates.
Result<TransportOptions> MakeTransportOptions(const ServiceOptions& options);

}  // namespace credmint::cli
