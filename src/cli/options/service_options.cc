// SPDX-License-Identifier: Apache-2.0
#include "cli/options/service_options.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <utility>

#include "cli/options/duration_option.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "rolesanywhere/arn.h"
#include "rolesanywhere/endpoint.h"

namespace credmint::cli {
namespace {

constexpr const char* kArnValue = "ARN";

/// Makes a host without a scheme https.
std::string AddScheme(std::string& endpoint) {
  if (!endpoint.empty() && endpoint.find("://") == std::string::npos) {
    endpoint.insert(0, "https://");
  }
  return {};
}

/// Adds a flag that keeps apart "not given" and "false". The parser counts "false" as -1.
void AddChoice(CLI::App& command, const char* name, std::optional<bool>& value,
               const char* description) {
  command
      .add_flag_function(
          name, [&value](std::int64_t count) { value = count > 0; }, description)
      ->group(kServiceGroup);
}

void AddSessionFlags(CLI::App& command, ServiceOptions& options) {
  AddText(command, "--trust-anchor-arn", options.session.trust_anchor_arn,
          "ARN of the trust anchor")
      ->option_text(kArnValue)
      ->group(kSessionGroup);
  AddText(command, "--profile-arn", options.session.profile_arn,
          "ARN of the Roles Anywhere profile")
      ->option_text(kArnValue)
      ->group(kSessionGroup);
  AddText(command, "--role-arn", options.session.role_arn, "ARN of the role to assume")
      ->option_text(kArnValue)
      ->group(kSessionGroup);
  AddDuration(command, "--session-duration", options.duration_seconds,
              "Lifetime of the credentials, 900 to 43200 seconds, or 15m to 12h")
      ->group(kSessionGroup);
  AddText(command, "--role-session-name", options.session.role_session_name,
          "Name for the session, if the profile accepts one")
      ->option_text("NAME")
      ->group(kSessionGroup);
}

void AddNetworkFlags(CLI::App& command, ServiceOptions& options) {
  AddText(command, "--region", options.session.region,
          "Region to sign for (default: the trust anchor's)")
      ->option_text("REGION")
      ->group(kServiceGroup);
  AddText(command, "--endpoint", options.endpoint,
          "URL or host name of the service (default: $AWS_ENDPOINT_URL_ROLESANYWHERE, "
          "$AWS_ENDPOINT_URL, the AWS config file, else the region's endpoint)")
      ->transform(CLI::Validator(AddScheme, ""))
      ->option_text("URL")
      ->group(kServiceGroup);
  AddChoice(command, "--use-fips-endpoint", options.fips, "Use the region's FIPS endpoint");
  AddChoice(command, "--use-dualstack-endpoint", options.dualstack,
            "Use the region's dual-stack endpoint (IPv4 and IPv6)");
  AddPlace(command, "--ca-bundle", options.ca_bundle,
           "PEM file of trusted CAs (default: $AWS_CA_BUNDLE, the AWS config file, else the "
           "system's)",
           Place::kPath)
      ->group(kServiceGroup);
  command.add_flag("--no-proxy", options.no_proxy, "Ignore proxies from the environment")
      ->group(kServiceGroup);
  AddDuration(command, "--timeout", options.timeout_seconds, 0.1, 600,
              "Time limit for the whole call, retries included, 0.1 to 600 seconds")
      ->group(kServiceGroup);
  command
      .add_flag("--no-verify-ssl", options.no_verify_ssl,
                "Do not verify the service's certificate; for tests only")
      ->group(kAdvancedGroup);
  command
      .add_flag("--with-proxy", options.with_proxy,
                "Accepted for compatibility; proxies from the environment are used by default")
      ->group(kAdvancedGroup);
}

/// A missing ARN comes before a malformed one.
Refusals CheckArns(const SessionParameters& given) {
  Refusals missing;
  Refusals malformed;
  const auto check = [&](std::string_view option, const std::string& arn, auto parse) {
    if (!arn.empty()) return Note(malformed, parse(arn), {option});
    missing.push_back({{ErrorCode::kUsage, fmt::format("--{} is missing", option),
                        "give --trust-anchor-arn, --profile-arn and --role-arn"},
                       {option}});
  };
  check("trust-anchor-arn", given.trust_anchor_arn, ParseTrustAnchorArn);
  check("profile-arn", given.profile_arn, ParseProfileArn);
  check("role-arn", given.role_arn, ParseRoleArn);
  missing.insert(missing.end(), malformed.begin(), malformed.end());
  return missing;
}

/// The ARNs among each other, and then the region, whose fault is that of another option.
void CheckTogether(Refusals& refusals, const SessionParameters& given) {
  SessionParameters parameters{.trust_anchor_arn = given.trust_anchor_arn,
                               .profile_arn = given.profile_arn,
                               .role_arn = given.role_arn};
  const auto arns = SessionRequest::Create(parameters);
  if (!arns) return Note(refusals, arns, {"role-arn", "profile-arn", "trust-anchor-arn"});
  parameters.region = given.region;
  Note(refusals, SessionRequest::Create(parameters), {"region"});
}

Parsed<SessionRequest> ParseRequest(const ServiceOptions& options) {
  SessionParameters parameters = options.session;
  parameters.duration = std::chrono::seconds(options.duration_seconds);
  Refusals refusals = CheckArns(parameters);
  if (refusals.empty()) CheckTogether(refusals, parameters);
  Note(refusals, CheckSessionDuration(parameters.duration), {"session-duration"});
  Note(refusals, CheckSessionName(parameters.role_session_name), {"role-session-name"});
  if (!refusals.empty()) return tl::unexpected(std::move(refusals));
  return *SessionRequest::Create(parameters);
}

}  // namespace

void AddServiceFlags(CLI::App& command, ServiceOptions& options) {
  AddSessionFlags(command, options);
  AddNetworkFlags(command, options);
}

Parsed<roles::SessionSpec> ParseSession(const ServiceOptions& options) {
  auto request = ParseRequest(options);
  Refusals refusals = request ? Refusals() : request.error();
  EndpointOptions endpoint{options.fips.value_or(false), options.dualstack.value_or(false),
                           options.endpoint};
  if (!endpoint.custom.empty() && (endpoint.fips || endpoint.dualstack)) {
    auto resolved = ResolveEndpoint("", endpoint);
    if (!resolved) resolved = Fail(std::move(resolved), options.origins.endpoint);
    Note(refusals, resolved, {"use-fips-endpoint", "use-dualstack-endpoint", "endpoint"});
  }
  if (!refusals.empty()) return tl::unexpected(std::move(refusals));
  const auto timeout = static_cast<long long>(options.timeout_seconds * 1000);
  return roles::SessionSpec{
      .request = *std::move(request),
      .endpoint = std::move(endpoint),
      .transport = {options.ca_bundle, !options.no_verify_ssl, !options.no_proxy},
      .timeout = std::chrono::milliseconds(timeout)};
}

}  // namespace credmint::cli
