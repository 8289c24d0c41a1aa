// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_query.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(CanonicalQueryTest, SortsAndEncodes) {
  struct Case {
    const char* query;
    const char* canonical;
  };
  for (const Case& c : {
           Case{"", ""},
           Case{"&&", ""},
           Case{"a", "a="},
           Case{"a=", "a="},
           Case{"=a", "=a"},
           Case{"b=2&a=1", "a=1&b=2"},
           Case{"a=2&a=1", "a=1&a=2"},
           Case{"a=1&B=2&A=3", "A=3&B=2&a=1"},
           Case{"a=1&a-b=2", "a=1&a-b=2"},
           Case{"a=b=c", "a=b%253Dc"},
           Case{"a=b%3Dc%3D", "a=b%253Dc%253D"},
           Case{"a%3Db=c", "a%3Db=c"},
           Case{"a=%20+", "a=%20%2B"},
           Case{"a=%e9&%7E=~", "a=%E9&~=~"},
           Case{"a=100%", "a=100%25"},
           Case{"profileArn=arn:aws:rolesanywhere:us-east-1:1:profile/x",
                "profileArn=arn%3Aaws%3Arolesanywhere%3Aus-east-1%3A1%3Aprofile%2Fx"},
       }) {
    EXPECT_EQ(CanonicalQuery(c.query), c.canonical) << c.query;
  }
}

}  // namespace
}  // namespace credmint
