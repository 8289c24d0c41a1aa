#include "cli/service_options.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>

#include "base/log.h"
#include "base/read_file.h"
#include "base/shown_value.h"
#include "cli/text_option.h"
#include "rolesanywhere/endpoint.h"

namespace credmint::cli {
namespace {

constexpr const char* kSessionGroup = "Session";
constexpr const char* kNetworkGroup = "Network";

std::string FromEnvironment(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

/// CLI::Range lets "nan" through.
std::string CheckTimeout(const std::string& text) {
  double seconds = 0;
  const bool good = CLI::detail::lexical_cast(text, seconds) && seconds >= 0.1 && seconds <= 600;
  return good ? "" : "it is not a number of seconds from 0.1 to 600";
}

/// The custom endpoint, with the place that named it.
std::pair<std::string, std::string> FindCustomEndpoint(const ServiceOptions& options) {
  if (!options.endpoint.empty()) return {options.endpoint, "--endpoint"};
  if (FromEnvironment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return {};
  for (const char* name : {"AWS_ENDPOINT_URL_ROLESANYWHERE", "AWS_ENDPOINT_URL"}) {
    if (auto value = FromEnvironment(name); !value.empty()) return {value, name};
  }
  return {};
}

}  // namespace

void AddServiceFlags(CLI::App& command, ServiceOptions& options) {
  AddText(command, "--trust-anchor-arn", options.session.trust_anchor_arn,
          "ARN of the trust anchor that vouches for the certificate")
      ->group(kSessionGroup);
  AddText(command, "--profile-arn", options.session.profile_arn, "ARN of the profile")
      ->group(kSessionGroup);
  AddText(command, "--role-arn", options.session.role_arn, "ARN of the role to assume")
      ->group(kSessionGroup);
  command
      .add_option("--session-duration", options.duration_seconds,
                  "Lifetime of the credentials in seconds, 900 to 43200")
      ->check(WholeNumber())
      ->capture_default_str()
      ->group(kSessionGroup);
  AddText(command, "--role-session-name", options.session.role_session_name,
          "Name of the session, if the profile accepts one")
      ->group(kSessionGroup);
  AddText(command, "--region", options.session.region,
          "Region to sign for (default: that of the trust anchor)")
      ->group(kSessionGroup);
  AddText(command, "--endpoint", options.endpoint,
          "URL of the service, http or https (default: $AWS_ENDPOINT_URL_ROLESANYWHERE, "
          "$AWS_ENDPOINT_URL, else that of the region)")
      ->group(kNetworkGroup);
  command.add_flag("--use-fips-endpoint", options.fips, "Use the region's FIPS endpoint")
      ->group(kNetworkGroup);
  command
      .add_flag("--use-dualstack-endpoint", options.dualstack,
                "Use the region's endpoint for IPv4 and IPv6")
      ->group(kNetworkGroup);
  AddPlace(command, "--ca-bundle", options.ca_bundle, "PEM file of the CAs to trust", "a path")
      ->group(kNetworkGroup);
  command
      .add_flag("--no-verify-ssl", options.no_verify_ssl,
                "Accept any certificate of the service: for tests only")
      ->group(kNetworkGroup);
  command
      .add_flag("--with-proxy", options.with_proxy,
                "Accepted for compatibility: proxies of the environment are used anyway")
      ->group(kNetworkGroup);
  command.add_flag("--no-proxy", options.no_proxy, "Ignore the proxies of the environment")
      ->group(kNetworkGroup);
  command
      .add_option("--timeout", options.timeout_seconds,
                  "Seconds for the whole call, retries included")
      ->capture_default_str()
      ->check(CLI::Validator(CheckTimeout, "0.1 to 600"))
      ->group(kNetworkGroup);
}

Result<SessionRequest> MakeSessionRequest(const ServiceOptions& options) {
  SessionParameters parameters = options.session;
  parameters.duration = std::chrono::seconds(options.duration_seconds);
  for (const auto& [value, flag] : {std::pair{parameters.trust_anchor_arn, "--trust-anchor-arn"},
                                    std::pair{parameters.profile_arn, "--profile-arn"},
                                    std::pair{parameters.role_arn, "--role-arn"}}) {
    if (value.empty()) {
      return Fail(ErrorCode::kUsage, fmt::format("{} is missing", flag),
                  "--trust-anchor-arn, --profile-arn and --role-arn are all needed");
    }
  }
  return SessionRequest::Create(parameters);
}

std::string CustomEndpoint(const ServiceOptions& options) {
  return FindCustomEndpoint(options).first;
}

std::chrono::milliseconds Timeout(const ServiceOptions& options) {
  return std::chrono::milliseconds(static_cast<long long>(options.timeout_seconds * 1000));
}

Result<SessionOptions> MakeSessionOptions(const ServiceOptions& options) {
  auto request = MakeSessionRequest(options);
  if (!request) return Fail(std::move(request));
  const auto [custom, source] = FindCustomEndpoint(options);
  auto endpoint = ResolveEndpoint(request->region(), {options.fips, options.dualstack, custom});
  if (!endpoint) return Fail(std::move(endpoint), source);
  return SessionOptions{*std::move(request), *std::move(endpoint), Timeout(options)};
}

Result<TransportOptions> MakeTransportOptions(const ServiceOptions& options) {
  if (!options.ca_bundle.empty()) {
    auto bundle = ReadFile(options.ca_bundle);
    if (!bundle) return Fail(std::move(bundle), "--ca-bundle");
    if (bundle->Reveal().find("CERTIFICATE-----") == std::string_view::npos) {
      return Fail(ErrorCode::kLocalIo,
                  fmt::format("--ca-bundle: {} holds no certificate", ShownPath(options.ca_bundle)),
                  "expected PEM");
    }
  }
  if (options.no_verify_ssl) {
    LogWarning("--no-verify-ssl: whoever answers is taken for the service");
  }
  return TransportOptions{options.ca_bundle, !options.no_verify_ssl, !options.no_proxy};
}

}  // namespace credmint::cli
