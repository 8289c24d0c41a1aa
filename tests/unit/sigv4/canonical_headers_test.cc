// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_headers.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(CanonicalHeadersTest, IsEmptyWithoutHeaders) {
  const CanonicalHeaders canonical = CanonicalizeHeaders({});
  EXPECT_EQ(canonical.lines, "");
  EXPECT_EQ(canonical.signed_names, "");
}

TEST(CanonicalHeadersTest, LeavesOutWhatIsNotSigned) {
  const CanonicalHeaders canonical = CanonicalizeHeaders(
      {{"Authorization", "a"}, {"USER-AGENT", "b"}, {"X-Amzn-Trace-Id", "c"}, {"Host", "d"}});
  EXPECT_EQ(canonical.lines, "host:d\n");
  EXPECT_EQ(canonical.signed_names, "host");
}

TEST(CanonicalHeadersTest, SortsByLowerCaseName) {
  const CanonicalHeaders canonical = CanonicalizeHeaders(
      {{"X-Amz-X509-Chain", "d"}, {"X-Amz-X509", "c"}, {"Host", "b"}, {"content-type", "a"}});
  EXPECT_EQ(canonical.lines, "content-type:a\nhost:b\nx-amz-x509:c\nx-amz-x509-chain:d\n");
  EXPECT_EQ(canonical.signed_names, "content-type;host;x-amz-x509;x-amz-x509-chain");
}

TEST(CanonicalHeadersTest, TrimsAndCollapsesBlanks) {
  EXPECT_EQ(CanonicalizeHeaders({{"A", "  a   b\t c \t"}, {"B", "   "}, {"C", ""}}).lines,
            "a:a b c\nb:\nc:\n");
}

TEST(CanonicalHeadersTest, JoinsRepeatedNamesInTheirOrder) {
  const CanonicalHeaders canonical =
      CanonicalizeHeaders({{"My-Header", "b"}, {"Other", "x"}, {"my-header", " a"}});
  EXPECT_EQ(canonical.lines, "my-header:b,a\nother:x\n");
  EXPECT_EQ(canonical.signed_names, "my-header;other");
}

}  // namespace
}  // namespace credmint
