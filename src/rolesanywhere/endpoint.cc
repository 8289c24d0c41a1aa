// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/shown_value.h"

namespace credmint {
namespace {

/// A group of regions named PREFIX-WORD-NUMBER.
struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dualstack_suffix;
};

constexpr Partition kAws = {"us", "amazonaws.com", "api.aws"};

constexpr std::array kPartitions = {
    // aws
    kAws,
    Partition{"eu", kAws.suffix, kAws.dualstack_suffix},
    Partition{"ap", kAws.suffix, kAws.dualstack_suffix},
    Partition{"sa", kAws.suffix, kAws.dualstack_suffix},
    Partition{"ca", kAws.suffix, kAws.dualstack_suffix},
    Partition{"me", kAws.suffix, kAws.dualstack_suffix},
    Partition{"af", kAws.suffix, kAws.dualstack_suffix},
    Partition{"il", kAws.suffix, kAws.dualstack_suffix},
    Partition{"mx", kAws.suffix, kAws.dualstack_suffix},
    // aws-cn, aws-us-gov, aws-eusc
    Partition{"cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    Partition{"us-gov", "amazonaws.com", "api.aws"},
    Partition{"eusc-de", "amazonaws.eu", "api.amazonwebservices.eu"},
    // aws-iso, aws-iso-b, aws-iso-e, aws-iso-f
    Partition{"us-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    Partition{"us-isob", "sc2s.sgov.gov", "api.aws.scloud"},
    Partition{"eu-isoe", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    Partition{"us-isof", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
};

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kRegionCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::size_t kMaxLabelSize = 63;

bool Owns(const Partition& partition, std::string_view region) {
  if (!region.starts_with(partition.region_prefix)) return false;
  region.remove_prefix(partition.region_prefix.size());
  const std::size_t number = region.rfind('-');
  if (!region.starts_with('-') || number < 2 || number + 1 == region.size()) return false;
  return region.find('-', 1) == number &&
         region.find_first_not_of(kDigits, number + 1) == std::string_view::npos;
}

const Partition& FindPartition(std::string_view region) {
  const auto* const found =
      std::find_if(kPartitions.begin(), kPartitions.end(),
                   [region](const Partition& each) { return Owns(each, region); });
  return found != kPartitions.end() ? *found : kAws;
}

}  // namespace

bool IsRegionName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabelSize && !text.starts_with('-') &&
         !text.ends_with('-') &&
         text.find_first_not_of(kRegionCharacters) == std::string_view::npos;
}

Result<Url> ResolveEndpoint(std::string_view region, const EndpointOptions& options) {
  if (!options.custom.empty()) {
    if (options.fips || options.dualstack) {
      return Fail(ErrorCode::kUsage,
                  "a custom endpoint cannot be combined with the FIPS or the dual-stack endpoint");
    }
    return ParseEndpointUrl(options.custom);
  }
  if (!IsRegionName(region)) {
    return Fail(ErrorCode::kUsage, fmt::format("{} is not a region", Shown(region)));
  }
  const Partition& partition = FindPartition(region);
  Url url;
  url.scheme = "https";
  url.host = fmt::format("rolesanywhere{}.{}.{}", options.fips ? "-fips" : "", region,
                         options.dualstack ? partition.dualstack_suffix : partition.suffix);
  url.port = 443;
  return url;
}

}  // namespace credmint
