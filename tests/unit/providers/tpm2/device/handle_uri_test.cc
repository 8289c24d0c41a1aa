// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/handle_uri.h"

#include <gtest/gtest.h>

namespace credmint::tpm2 {
namespace {

TEST(HandleUriTest, RefusesWhatIsNotAPersistentHandle) {
  for (const char* uri :
       {"handle:", "handle:0x", "handle:x", "handle:0x80000001", "handle:0x40000001",
        "handle:0x82000000", "handle:0x01", "handle:0x081000001", "handle:0x8100000g",
        "handle:-81000001", "handle: 81000001", "handle:0x81000001 ", "handle:0x81000001?",
        "handle:0x81000001?PASS", "handle:0x81000001?pass=1", "handle:0x81000001?pass?pass",
        "handle:?pass", "handle://0x81000001"}) {
    const auto parsed = HandleUri::Parse(uri);
    ASSERT_FALSE(parsed) << uri;
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
  }
  EXPECT_EQ(HandleUri::Parse("handle:0x40000001").error().message,
            "'handle:0x40000001' does not name a persistent TPM handle");
}

TEST(HandleUriTest, SaysWhatAnotherHandleIs) {
  EXPECT_EQ(HandleUri::Parse("handle:0x1c00002").error().hint,
            "that is an NV index; for a certificate in it, write nv:0x01c00002");
  EXPECT_NE(HandleUri::Parse("handle:0x80000001").error().hint.find("a transient object"),
            std::string::npos);
  EXPECT_NE(HandleUri::Parse("handle:0x40000001").error().hint.find("a hierarchy, not a key"),
            std::string::npos);
  EXPECT_NE(HandleUri::Parse("handle:0x02000001").error().hint.find("write handle:0x81000000"),
            std::string::npos);
}

TEST(HandleUriTest, ReadsEveryForm) {
  struct Case {
    const char* uri;
    TPM2_HANDLE handle;
    bool has_auth;
  };
  for (const Case& c :
       {Case{"handle:0x81000001", 0x81000001, false}, Case{"handle:81000001", 0x81000001, false},
        Case{"handle:0X81FFFFFF", 0x81ffffff, false},
        Case{"handle:0x81ffffff?pass", 0x81ffffff, true},
        Case{"handle:81000000?pass", 0x81000000, true}}) {
    const auto parsed = HandleUri::Parse(c.uri);
    ASSERT_TRUE(parsed) << c.uri;
    EXPECT_EQ(parsed->handle, c.handle) << c.uri;
    EXPECT_EQ(parsed->has_auth, c.has_auth) << c.uri;
  }
}

TEST(HandleUriTest, FormatsEightDigits) { EXPECT_EQ(FormatHandle(0x81000001), "0x81000001"); }

}  // namespace
}  // namespace credmint::tpm2
