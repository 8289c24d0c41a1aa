// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/url.h"

namespace credmint {

/// Which of the service's endpoints to use. `custom` is the URL of a private endpoint.
struct EndpointOptions {
  bool fips = false;
  bool dualstack = false;
  std::string custom;

  bool operator==(const EndpointOptions&) const = default;
};

/// A region's name as far as its syntax goes: lower-case letters, digits and hyphens, so that it is
/// a label of a host name.
bool IsRegionName(std::string_view text);

/// The endpoint of IAM Roles Anywhere in a region, by the partition table of CONTRACT section 4; a
/// region of unknown shape is taken to be in the partition "aws". Fails with kUsage: malformed
/// region or URL, or a custom endpoint combined with FIPS or dual stack.
Result<Url> ResolveEndpoint(std::string_view region, const EndpointOptions& options);

}  // namespace credmint
