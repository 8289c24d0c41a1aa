// SPDX-License-Identifier: Apache-2.0
#include "serve/api/host_check.h"

#include <gtest/gtest.h>

#include <string>

namespace credmint::serve {
namespace {

TEST(HostCheckTest, RefusesOtherNames) {
  for (const char* host : {"",
                           "evil.example",
                           "evil.example:9911",
                           "localhost.evil.example",
                           "xlocalhost",
                           "127.0.0.1.evil.example",
                           "127.1",
                           "0177.0.0.1",
                           "10.0.0.1",
                           "128.0.0.1",
                           "169.254.169.254",
                           "0.0.0.0",
                           "[::2]",
                           "[::]",
                           "::1",
                           "[::1",
                           "[]",
                           "[::1]x",
                           "[::1]9911",
                           "127.0.0.1:",
                           "127.0.0.1:x",
                           "127.0.0.1:123456",
                           "127.0.0.1:80:80",
                           "127.0.0.1@evil.example",
                           "localhost/evil",
                           "user@localhost",
                           " localhost"}) {
    EXPECT_FALSE(IsOwnHost(host, "127.0.0.1")) << host;
  }
}

TEST(HostCheckTest, TakesLoopbackNames) {
  for (const char* host : {"localhost", "LocalHost:9911", "127.0.0.1", "127.0.0.1:80",
                           "127.255.0.9:9911", "[::1]", "[::1]:9911", "[0:0:0:0:0:0:0:1]"}) {
    EXPECT_TRUE(IsOwnHost(host, "127.0.0.1")) << host;
  }
}

TEST(HostCheckTest, TakesTheAddressItListensOn) {
  EXPECT_TRUE(IsOwnHost("10.0.0.1:9911", "10.0.0.1"));
  EXPECT_FALSE(IsOwnHost("10.0.0.2:9911", "10.0.0.1"));
  EXPECT_TRUE(IsOwnHost("[2001:db8:0:0::1]", "2001:db8::1"));
  EXPECT_FALSE(IsOwnHost("[2001:db8::2]", "2001:db8::1"));
}

TEST(HostCheckTest, TakesAnyAddressButNoNameForTheWildcard) {
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    EXPECT_TRUE(IsOwnHost("10.0.0.2:9911", wildcard));
    EXPECT_TRUE(IsOwnHost("[2001:db8::2]:9911", wildcard));
    EXPECT_FALSE(IsOwnHost("evil.example", wildcard));
  }
}

TEST(HostCheckTest, KnowsLoopbackAddresses) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"", "0.0.0.0", "::", "10.0.0.1", "localhost", "::2", "[::1]"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(HostCheckTest, RefusesWebPagesAndForwardedRequests) {
  Request request{"GET", "/", {{"Host", "127.0.0.1"}}};
  EXPECT_TRUE(IsLocalRequest(request, "127.0.0.1"));
  for (const char* name : {"Origin", "X-Forwarded-For", "x-forwarded-for"}) {
    Request strange = request;
    strange.headers.emplace_back(name, "");
    EXPECT_FALSE(IsLocalRequest(strange, "127.0.0.1")) << name;
  }
}

TEST(HostCheckTest, RefusesNoHostAndTwo) {
  EXPECT_FALSE(IsLocalRequest({"GET", "/", {}}, "127.0.0.1"));
  EXPECT_FALSE(
      IsLocalRequest({"GET", "/", {{"Host", "localhost"}, {"Host", "localhost"}}}, "127.0.0.1"));
}

}  // namespace
}  // namespace credmint::serve
