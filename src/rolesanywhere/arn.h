// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// An Amazon Resource Name, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, and its parts. Region
/// and account are empty if the service has none (IAM has no regions). The resource may contain
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

/// Splits an ARN into its six fields. Fails with kUsage if one is missing, or if partition, service
/// or resource is empty. Also fails if the text is not printable ASCII without blanks.
Result<Arn> ParseArn(std::string_view text);

/// Parse the three ARNs of a CreateSession request, with the limits of CONTRACT section 1.1 and the
/// shapes of section 4:
///
/// - At most 1011 characters.
/// - A partition of AWS, and the right service and resource.
/// - An account of twelve digits.
/// - A region, except for a role.
///
/// Each fails with kUsage and one sentence: "'x' is not the ARN of a role: ...".
Result<Arn> ParseTrustAnchorArn(std::string_view text);
Result<Arn> ParseProfileArn(std::string_view text);
Result<Arn> ParseRoleArn(std::string_view text);

}  // namespace credmint
