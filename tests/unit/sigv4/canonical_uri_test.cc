// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_uri.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(CanonicalUriTest, NormalisesAndEncodesASecondTime) {
  struct Case {
    const char* path;
    const char* uri;
  };
  for (const Case& c : {
           Case{"", "/"},
           Case{"/", "/"},
           Case{"/sessions", "/sessions"},
           Case{"/base/sessions", "/base/sessions"},
           Case{"/base/", "/base/"},
           Case{"//", "/"},
           Case{"//base//sessions", "/base/sessions"},
           Case{"/./base", "/base"},
           Case{"/base/.", "/base/"},
           Case{"/base/..", "/"},
           Case{"/base/../sessions", "/sessions"},
           Case{"/a/b/../..", "/"},
           Case{"/../sessions", "/sessions"},
           Case{"/...", "/..."},
           Case{"/a%20b", "/a%2520b"},
           Case{"/a%2Fb", "/a%252Fb"},
           Case{"/a:b", "/a%3Ab"},
       }) {
    EXPECT_EQ(CanonicalUri(c.path), c.uri) << c.path;
  }
}

}  // namespace
}  // namespace credmint
