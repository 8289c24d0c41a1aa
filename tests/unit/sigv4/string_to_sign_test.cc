// SPDX-License-Identifier: Apache-2.0
#include "sigv4/string_to_sign.h"

#include <gtest/gtest.h>

#include "unit/vectors.h"

namespace credmint {
namespace {

TEST(StringToSignTest, TakesTheDateOfTheScopeFromTheTimestamp) {
  EXPECT_EQ(CredentialScope("20260101T120000Z", "us-east-1", "rolesanywhere"),
            "20260101/us-east-1/rolesanywhere/aws4_request");
}

TEST(StringToSignTest, IsThatOfTheWorkedExamples) {
  const char* const date = "20260101T120000Z";
  const std::string scope = CredentialScope(date, "us-east-1", "rolesanywhere");
  EXPECT_EQ(StringToSign("AWS4-X509-RSA-SHA256", date, scope,
                         "2db4e321bef5540c4aeabe306b79e64e9f8493ff3f4559690ac4303de52678e7"),
            ReadVector("rsa.string-to-sign.txt"));
  EXPECT_EQ(StringToSign("AWS4-X509-ECDSA-SHA256", date, scope,
                         "b5b0df02c39d73903a2831e0d8b1740c9b1f7f9407cbbebd1c65fc89b4945611"),
            ReadVector("ec.string-to-sign.txt"));
}

}  // namespace
}  // namespace credmint
