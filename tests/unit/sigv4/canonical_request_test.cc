// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_request.h"

#include <gtest/gtest.h>

#include "unit/vectors.h"

namespace credmint {
namespace {

HttpRequest VectorRequest(const std::string& tag) {
  const std::string certificate =
      PemBody(ReadVector(tag == "rsa" ? "leaf-rsa.pem" : "leaf-ec.pem"));
  return {"POST",
          {"https", "rolesanywhere.us-east-1.amazonaws.com", 443, "/sessions", ""},
          {{"Host", "rolesanywhere.us-east-1.amazonaws.com"},
           {"X-Amz-Date", "20260101T120000Z"},
           {"X-Amz-X509", certificate},
           {"X-Amz-X509-Chain", PemBody(ReadVector("int.pem"))},
           {"Content-Type", "application/json"}},
          ReadVector(tag + ".body.json")};
}

TEST(CanonicalRequestTest, IsThatOfTheWorkedExamples) {
  for (const std::string tag : {"rsa", "ec"}) {
    const HttpRequest request = VectorRequest(tag);
    const CanonicalHeaders headers = CanonicalizeHeaders(request.headers);
    EXPECT_EQ(headers.signed_names, "content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain");
    EXPECT_EQ(CanonicalRequest(request, headers,
                               "3180cd11e3a6f096251cd4bf4246c126bdc33a64ed6d6f9cc6413aa4a9b809b7"),
              ReadVector(tag + ".canonical.txt"));
  }
}

TEST(CanonicalRequestTest, HasAllPartsOfTheUrl) {
  const HttpRequest request = {
      "GET", {"https", "h", 443, "/a%20b", "y=2&x=1"}, {{"Host", "h"}}, ""};
  EXPECT_EQ(CanonicalRequest(request, CanonicalizeHeaders(request.headers), "00"),
            "GET\n/a%2520b\nx=1&y=2\nhost:h\n\nhost\n00");
}

}  // namespace
}  // namespace credmint
