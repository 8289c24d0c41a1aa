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

/// The flags that say which session is wanted and how the service is reached. As typed, and
/// completed by the surroundings (AddAwsSettings()).
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
  std::vector<std::string> notes;  ///< for --debug: what the surroundings said
};

void AddServiceFlags(CLI::App& command, ServiceOptions& options);

/// What they mean, checked as far as that is possible without key and network. Refuses, with
/// kUsage, ARNs that are missing or malformed or do not fit together, and whatever else
/// contradicts itself. Whether the endpoint is a URL is seen when it is used.
Parsed<roles::SessionSpec> ParseSession(const ServiceOptions& options);

}  // namespace credmint::cli
