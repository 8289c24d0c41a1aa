// SPDX-License-Identifier: Apache-2.0
#include "sigv4/authorization.h"

#include <gtest/gtest.h>

#include "unit/vectors.h"

namespace credmint {
namespace {

TEST(AuthorizationTest, IsThatOfTheWorkedExample) {
  const std::string expected = ReadVector("rsa.authorization.txt");
  const std::string signature = expected.substr(expected.rfind('=') + 1);
  EXPECT_EQ(
      FormatAuthorization({"AWS4-X509-RSA-SHA256", "41796794418840706582093025104159514797",
                           "20260101/us-east-1/rolesanywhere/aws4_request",
                           "content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain", signature}),
      expected);
}

}  // namespace
}  // namespace credmint
