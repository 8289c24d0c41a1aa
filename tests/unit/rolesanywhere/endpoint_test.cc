// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/endpoint.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(EndpointTest, RefusesWhatIsNotARegion) {
  for (const char* region : {"", "US-EAST-1", "us_east_1", "us-east-1.", "us-east-1/x",
                             "-us-east-1", "us-east-1-", "us east"}) {
    const Result<Url> url = ResolveEndpoint(region, {});
    ASSERT_FALSE(url) << region;
    EXPECT_EQ(url.error().code, ErrorCode::kUsage);
    EXPECT_EQ(url.error().message, "'" + std::string(region) + "' is not a region");
  }
  EXPECT_FALSE(ResolveEndpoint(std::string(64, 'x'), {}));
}

TEST(EndpointTest, RefusesACustomEndpointTogetherWithAVariant) {
  const std::string custom = "https://vpce.example.com";
  for (const EndpointOptions& options :
       {EndpointOptions{true, false, custom}, EndpointOptions{false, true, custom}}) {
    const Result<Url> url = ResolveEndpoint("us-east-1", options);
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().code, ErrorCode::kUsage);
    EXPECT_EQ(url.error().message,
              "a custom endpoint cannot be combined with the FIPS or the dual-stack endpoint");
  }
}

TEST(EndpointTest, RefusesAMalformedCustomEndpoint) {
  const Result<Url> url = ResolveEndpoint("us-east-1", {false, false, "vpce.example.com"});
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code, ErrorCode::kUsage);
}

TEST(EndpointTest, TakesACustomEndpointAsItIs) {
  const Result<Url> url = ResolveEndpoint("us-east-1", {false, false, "http://127.0.0.1:8080/x/"});
  ASSERT_TRUE(url);
  EXPECT_EQ(FormatUrl(*url), "http://127.0.0.1:8080/x");
}

TEST(EndpointTest, KnowsEveryPartition) {
  struct Case {
    const char* region;
    const char* suffix;
    const char* dualstack_suffix;
  };
  for (const Case& c : {
           Case{"us-east-1", "amazonaws.com", "api.aws"},
           Case{"eu-central-2", "amazonaws.com", "api.aws"},
           Case{"ap-southeast-7", "amazonaws.com", "api.aws"},
           Case{"mx-central-1", "amazonaws.com", "api.aws"},
           Case{"cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
           Case{"us-gov-west-1", "amazonaws.com", "api.aws"},
           Case{"eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"},
           Case{"us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"},
           Case{"us-isob-west-1", "sc2s.sgov.gov", "api.aws.scloud"},
           Case{"eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
           Case{"us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
           // A Region that matches no partition belongs to "aws".
           Case{"xx-east-1", "amazonaws.com", "api.aws"},
           Case{"cn-north", "amazonaws.com", "api.aws"},
           Case{"cn-north-x", "amazonaws.com", "api.aws"},
           Case{"cn-north-east-1", "amazonaws.com", "api.aws"},
           Case{"us-isob", "amazonaws.com", "api.aws"},
           Case{"cn--1", "amazonaws.com", "api.aws"},
           Case{"cnx-north-1", "amazonaws.com", "api.aws"},
       }) {
    const std::string region = c.region;
    const auto host = [&region](bool fips, bool dualstack) {
      return FormatUrl(ResolveEndpoint(region, {fips, dualstack, ""}).value());
    };
    EXPECT_EQ(host(false, false), "https://rolesanywhere." + region + "." + c.suffix + "/");
    EXPECT_EQ(host(true, false), "https://rolesanywhere-fips." + region + "." + c.suffix + "/");
    EXPECT_EQ(host(false, true),
              "https://rolesanywhere." + region + "." + c.dualstack_suffix + "/");
    EXPECT_EQ(host(true, true),
              "https://rolesanywhere-fips." + region + "." + c.dualstack_suffix + "/");
  }
}

}  // namespace
}  // namespace credmint
