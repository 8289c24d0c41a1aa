// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// An Amazon Resource Name, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, and its parts. Region
/// and account are empty where the service has none (IAM has no regions); the resource may contain
/// colons.
struct Arn {
  std::string text;
  std::string partition;
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  bool operator==(const Arn&) const = default;
};

/// Splits an ARN. Fails with kUsage unless it has the six fields, with partition, service and
/// resource not empty, and consists of printable ASCII without blanks.
Result<Arn> ParseArn(std::string_view text);

/// The three ARNs of a CreateSession request, with the limits of CONTRACT section 1.1 and the
/// shapes of section 4: at most 1011 characters, a partition of AWS, the right service and
/// resource, an account of twelve digits, and a region (none for a role). Each fails with kUsage
/// and one sentence, "'x' is not the ARN of a role: ...".
Result<Arn> ParseTrustAnchorArn(std::string_view text);
Result<Arn> ParseProfileArn(std::string_view text);
Result<Arn> ParseRoleArn(std::string_view text);

}  // namespace credmint
