// SPDX-License-Identifier: Apache-2.0
#include "http/environment_proxy.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace credmint {
namespace {

class EnvironmentProxyTest : public testing::Test {
 protected:
  EnvironmentProxyTest() { Clear(); }
  ~EnvironmentProxyTest() override { Clear(); }

  static void Clear() {
    for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                             "ALL_PROXY", "no_proxy", "NO_PROXY"}) {
      unsetenv(name);
    }
  }

  static std::string Of(const char* url) { return EnvironmentProxy(ParseEndpointUrl(url).value()); }
};

TEST_F(EnvironmentProxyTest, EachSchemeHasItsVariables) {
  EXPECT_EQ(Of("https://a.example"), "");
  setenv("ALL_PROXY", "socks5://all:1", 1);
  setenv("HTTP_PROXY", "http://never:1", 1);
  EXPECT_EQ(Of("https://a.example"), "socks5://all:1");
  EXPECT_EQ(Of("http://a.example"), "socks5://all:1");
  setenv("HTTPS_PROXY", "http://secure:1", 1);
  setenv("http_proxy", "http://plain:1", 1);
  EXPECT_EQ(Of("https://a.example"), "http://secure:1");
  EXPECT_EQ(Of("http://a.example"), "http://plain:1");
}

TEST_F(EnvironmentProxyTest, SomeHostsAreExempt) {
  setenv("https_proxy", "http://proxy:1", 1);
  setenv("no_proxy", "a.example, .b.example,c", 1);
  for (const char* url : {"https://a.example", "https://x.a.example", "https://b.example"}) {
    EXPECT_EQ(Of(url), "") << url;
  }
  for (const char* url : {"https://xa.example", "https://example", "https://abc"}) {
    EXPECT_EQ(Of(url), "http://proxy:1") << url;
  }
  setenv("no_proxy", "*", 1);
  EXPECT_EQ(Of("https://xa.example"), "");
}

TEST_F(EnvironmentProxyTest, TheUserIsNotShown) {
  setenv("https_proxy", "http://user:p%40ss@proxy:3128/", 1);
  EXPECT_EQ(Of("https://a.example"), "http://***@proxy:3128/");
  EXPECT_EQ(WithoutUser("user:pass@proxy:3128"), "***@proxy:3128");
  EXPECT_EQ(WithoutUser("http://user:se/cret@proxy"), "http://***@proxy");
}

}  // namespace
}  // namespace credmint
