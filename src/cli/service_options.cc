// SPDX-License-Identifier: Apache-2.0
#include "cli/service_options.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>

#include "base/log.h"
#include "base/read_file.h"
#include "base/shown_value.h"
#include "cli/output.h"
#include "cli/text_option.h"
#include "rolesanywhere/endpoint.h"

namespace credmint::cli {
namespace {

constexpr const char* kSessionGroup = "Session";
constexpr const char* kNetworkGroup = "Network";
constexpr const char* kUnverified = "--no-verify-ssl: whoever answers is taken for the service";

/// CLI::Range lets "nan" through.
std::string CheckTimeout(const std::string& text) {
  double seconds = 0;
  const bool good = CLI::detail::lexical_cast(text, seconds) && seconds >= 0.1 && seconds <= 600;
  return good ? "" : "it is not a number of seconds from 0.1 to 600";
}

/// A host alone is one that speaks TLS.
std::string AddScheme(std::string& endpoint) {
  if (!endpoint.empty() && endpoint.find("://") == std::string::npos) {
    endpoint.insert(0, "https://");
  }
  return {};
}

/// A flag of which it is known whether it was given. The parser counts "false" as -1.
void AddChoice(CLI::App& command, const char* name, std::optional<bool>& value,
               const char* description) {
  command
      .add_flag_function(
          name, [&value](std::int64_t count) { value = count > 0; }, description)
      ->group(kNetworkGroup);
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
          "URL of the service, http or https, or its host (default: "
          "$AWS_ENDPOINT_URL_ROLESANYWHERE, $AWS_ENDPOINT_URL, the AWS config file, else that of "
          "the region)")
      ->transform(CLI::Validator(AddScheme, ""))
      ->group(kNetworkGroup);
  AddChoice(command, "--use-fips-endpoint", options.fips, "Use the region's FIPS endpoint");
  AddChoice(command, "--use-dualstack-endpoint", options.dualstack,
            "Use the region's endpoint for IPv4 and IPv6");
  AddPlace(command, "--ca-bundle", options.ca_bundle,
           "PEM file of the CAs to trust (default: $AWS_CA_BUNDLE, the AWS config file, "
           "else those of the system)",
           "a path")
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

Result<void> CheckArnsAreGiven(const ServiceOptions& options) {
  const SessionParameters& parameters = options.session;
  for (const auto& [value, flag] : {std::pair{parameters.trust_anchor_arn, "--trust-anchor-arn"},
                                    std::pair{parameters.profile_arn, "--profile-arn"},
                                    std::pair{parameters.role_arn, "--role-arn"}}) {
    if (value.empty()) {
      return Fail(ErrorCode::kUsage, fmt::format("{} is missing", flag),
                  "--trust-anchor-arn, --profile-arn and --role-arn are all needed");
    }
  }
  return {};
}

Result<SessionRequest> MakeSessionRequest(const ServiceOptions& options) {
  if (auto given = CheckArnsAreGiven(options); !given) return Fail(std::move(given));
  SessionParameters parameters = options.session;
  parameters.duration = std::chrono::seconds(options.duration_seconds);
  return SessionRequest::Create(parameters);
}

std::chrono::milliseconds Timeout(const ServiceOptions& options) {
  return std::chrono::milliseconds(static_cast<long long>(options.timeout_seconds * 1000));
}

Result<SessionOptions> MakeSessionOptions(const ServiceOptions& options) {
  auto request = MakeSessionRequest(options);
  if (!request) return Fail(std::move(request));
  for (const std::string& note : options.notes) LogDebug(note);
  auto endpoint = ResolveEndpoint(
      request->region(),
      {options.fips.value_or(false), options.dualstack.value_or(false), options.endpoint});
  if (!endpoint) {
    return Fail(std::move(endpoint), options.endpoint.empty() ? "" : options.endpoint_source);
  }
  return SessionOptions{*std::move(request), *std::move(endpoint), Timeout(options)};
}

Result<TransportOptions> MakeTransportOptions(const ServiceOptions& options) {
  if (!options.ca_bundle.empty()) {
    auto bundle = ReadFile(options.ca_bundle, kMaxFileSize, FileAccess::kNotWrittenByAll);
    if (!bundle) return Fail(std::move(bundle), options.ca_bundle_source);
    if (bundle->Reveal().find("CERTIFICATE-----") == std::string_view::npos) {
      return Fail(ErrorCode::kLocalIo,
                  fmt::format("{}: {} holds no certificate", options.ca_bundle_source,
                              ShownPath(options.ca_bundle)),
                  "expected PEM");
    }
  }
  if (options.no_verify_ssl) LogWarning(kUnverified);
  return TransportOptions{options.ca_bundle, !options.no_verify_ssl, !options.no_proxy};
}

void WarnOfUnverified(const ServiceOptions& options, std::string_view clause) {
  if (options.no_verify_ssl) ReportWarning(fmt::format("{}{}", clause, kUnverified));
}

}  // namespace credmint::cli
