// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/arn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr std::size_t kMaxArnSize = 1011;
constexpr std::size_t kAccountDigits = 12;

struct ArnKind {
  std::string_view name;
  std::string_view service;
  std::string_view resource_prefix;
  bool has_region;
};

constexpr ArnKind kTrustAnchor = {"a trust anchor", "rolesanywhere", "trust-anchor/", true};
constexpr ArnKind kProfile = {"a profile", "rolesanywhere", "profile/", true};
constexpr ArnKind kRole = {"a role", "iam", "role/", false};

/// Splits an ARN. Returns the problem, or nothing on success.
std::string_view Split(std::string_view text, Arn& arn) {
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return "it contains a blank or a character outside ASCII";
  }
  std::array<std::string_view, 5> fields;
  std::string_view rest = text;
  for (std::string_view& field : fields) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return "it has fewer than six fields between colons";
    field = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  const auto [scheme, partition, service, region, account] = fields;
  if (scheme != "arn") return "it does not begin with 'arn:'";
  if (partition.empty()) return "it names no partition";
  if (service.empty()) return "it names no service";
  if (rest.empty()) return "it names no resource";
  arn = {std::string(text),   std::string(partition), std::string(service),
         std::string(region), std::string(account),   std::string(rest)};
  return {};
}

/// Checks that an ARN is of the given kind. Returns the problem, or nothing on success.
std::string Check(const Arn& arn, const ArnKind& kind) {
  if (arn.text.size() > kMaxArnSize) {
    return fmt::format("it is longer than {} characters", kMaxArnSize);
  }
  if (arn.partition != "aws" && (!arn.partition.starts_with("aws-") || arn.partition.size() == 4)) {
    return fmt::format("its partition is {}, not 'aws' or 'aws-...'", Shown(arn.partition));
  }
  if (arn.service != kind.service) {
    return fmt::format("its service is {}, not '{}'", Shown(arn.service), kind.service);
  }
  if (kind.has_region && arn.region.empty()) return "it names no region";
  if (!kind.has_region && !arn.region.empty()) {
    return fmt::format("it names a region, {}", Shown(arn.region));
  }
  if (arn.account.size() != kAccountDigits ||
      arn.account.find_first_not_of("0123456789") != std::string::npos) {
    return fmt::format("its account is {}, not twelve digits", Shown(arn.account));
  }
  if (!arn.resource.starts_with(kind.resource_prefix) ||
      arn.resource.size() == kind.resource_prefix.size()) {
    return fmt::format("its resource is {}, not '{}...'", Shown(arn.resource),
                       kind.resource_prefix);
  }
  return {};
}

Result<Arn> ParseKind(std::string_view text, const ArnKind& kind) {
  Arn arn;
  std::string problem(Split(text, arn));
  if (problem.empty()) problem = Check(arn, kind);
  if (problem.empty()) return arn;
  return Fail(ErrorCode::kUsage,
              fmt::format("{} is not the ARN of {}: {}", Shown(text), kind.name, problem));
}

}  // namespace

Result<Arn> ParseArn(std::string_view text) {
  Arn arn;
  const std::string_view problem = Split(text, arn);
  if (problem.empty()) return arn;
  return Fail(ErrorCode::kUsage, fmt::format("{} is not an ARN: {}", Shown(text), problem));
}

Result<Arn> ParseTrustAnchorArn(std::string_view text) { return ParseKind(text, kTrustAnchor); }

Result<Arn> ParseProfileArn(std::string_view text) { return ParseKind(text, kProfile); }

Result<Arn> ParseRoleArn(std::string_view text) { return ParseKind(text, kRole); }

}  // namespace credmint
