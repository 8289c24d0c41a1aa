// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/parsed.h"
#include "roles/role.h"
#include "roles/session_spec.h"

namespace credmint::cli {

/// The flags that describe the session and the way to the service, as typed; AddAwsSettings()
/// fills in the rest.
struct ServiceOptions {
  SessionParameters session;
  long long duration_seconds = 3600;
  std::string endpoint;
  std::optional<bool> fips;
  std::optional<bool> dualstack;
  std::string ca_bundle;
  bool no_verify_ssl = false;
  bool with_proxy = false;
  bool no_proxy = false;
  double timeout_seconds = 10;

  roles::Origins origins{.endpoint = "--endpoint", .ca_bundle = "--ca-bundle"};
  std::vector<std::string> notes;  ///< for --debug: where settings came from
};

void AddServiceFlags(CLI::App& command, ServiceOptions& options);

/// Parses the options and checks what needs neither key nor network. Fails with kUsage if ARNs are
/// missing, malformed or of different regions or accounts, or if other options contradict each
/// other. Whether the endpoint is a URL is checked when it is used.
Parsed<roles::SessionSpec> ParseSession(const ServiceOptions& options);

}  // namespace credmint::cli
