// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_uri.h"

#include <gtest/gtest.h>

namespace credmint::tpm2 {
namespace {

TEST(NvUriTest, RefusesWhatIsNotAnNvIndex) {
  for (const char* uri :
       {"nv:", "nv:0x", "nv:x", "nv:0x00ffffff", "nv:0x02000000", "nv:0x81000001", "nv:0x001c00002",
        "nv:0x01c0000g", "nv:-1c00002", "nv: 01c00002", "nv:0x01c00002 ", "nv:0x01c00002?",
        "nv:0x01c00002?PASS", "nv:0x01c00002?pass?pass", "nv:?pass", "nv://0x01c00002", "nv:1"}) {
    const auto parsed = NvUri::Parse(uri);
    ASSERT_FALSE(parsed) << uri;
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
    EXPECT_NE(parsed.error().hint, "");
  }
  EXPECT_EQ(NvUri::Parse("nv:1").error().message, "'nv:1' does not name an NV index of a TPM");
}

TEST(NvUriTest, NamesTheSchemeOfAKey) {
  EXPECT_EQ(NvUri::Parse("nv:81000001").error().hint, "for a key, write handle:0x81000001");
}

TEST(NvUriTest, ReadsEveryForm) {
  struct Case {
    const char* uri;
    TPM2_HANDLE index;
    bool has_auth;
  };
  for (const Case& c :
       {Case{"nv:0x01c00002", 0x01c00002, false}, Case{"nv:01c00002", 0x01c00002, false},
        Case{"nv:1C00002", 0x01c00002, false}, Case{"nv:0X01FFFFFF", 0x01ffffff, false},
        Case{"nv:0x01000000?pass", 0x01000000, true}}) {
    const auto parsed = NvUri::Parse(c.uri);
    ASSERT_TRUE(parsed) << c.uri;
    EXPECT_EQ(parsed->index, c.index) << c.uri;
    EXPECT_EQ(parsed->has_auth, c.has_auth) << c.uri;
  }
}

}  // namespace
}  // namespace credmint::tpm2
