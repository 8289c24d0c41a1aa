// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/url.h"

namespace credmint {

/// Selects one of the service's endpoints. `custom` is the URL of a private endpoint.
struct EndpointOptions {
  bool fips = false;
  bool dualstack = false;
  std::string custom;

  bool operator==(const EndpointOptions&) const = default;
};

/// Whether the text has the syntax of a region's name: lower-case letters, digits and hyphens. Such
/// a name is safe as a label of a host name.
bool IsRegionName(std::string_view text);

/// Returns the endpoint of IAM Roles Anywhere in a region, by the partition table of CONTRACT
/// section
/// 4. A region of unknown shape is assumed to be in the partition "aws". Fails with kUsage for a
///    malformed region or URL, or for a custom endpoint combined with FIPS or dual stack.
Result<Url> ResolveEndpoint(std::string_view region, const EndpointOptions& options);

}  // namespace credmint
