// SPDX-License-Identifier: Apache-2.0
#include "identity/scheme_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace credmint {
namespace {

TEST(SchemeTableTest, FindsNoSchemeInOtherReferences) {
  for (const char* reference :
       {"", ":", "pkcs11", "pkcs1:a", "pkcs111:a", "xpkcs11:a", " pkcs11:a", "./pkcs11:a",
        "file:pkcs11:a", "handle", "handles:1", "/etc/key.pem"}) {
    EXPECT_EQ(FindScheme(reference), nullptr) << reference;
  }
}

TEST(SchemeTableTest, FindsTheSchemeOfAReference) {
  for (const auto& [reference, name, provider] :
       {std::tuple<const char*, const char*, const char*>{"pkcs11:", "pkcs11", "credmint-pkcs11"},
        {"pkcs11:token=a", "pkcs11", "credmint-pkcs11"},
        {"handle:0x81000001", "handle", "credmint-tpm2"}}) {
    const Scheme* scheme = FindScheme(reference);
    ASSERT_NE(scheme, nullptr) << reference;
    EXPECT_EQ(scheme->name, name);
    EXPECT_EQ(scheme->provider, provider);
  }
}

TEST(SchemeTableTest, FindsNoSchemeOfOtherNumbersAndWords) {
  for (const char* text : {"", "0x", "81", "8100001", "0x810000011", "0x8100000g", "x81000001",
                           "80000001", "0x40000001", "81000001.pem", "0x0x810001"}) {
    EXPECT_EQ(FindSchemeOfBareName(text), nullptr) << text;
  }
}

TEST(SchemeTableTest, FindsTheSchemeOfABareNumber) {
  for (const auto& [text, name] : {std::pair<const char*, const char*>{"0x81000001", "handle"},
                                   {"81000001", "handle"},
                                   {"0X81FFFFFF", "handle"},
                                   {"0x01c00002", "nv"},
                                   {"01C00002", "nv"}}) {
    const Scheme* scheme = FindSchemeOfBareName(text);
    ASSERT_NE(scheme, nullptr) << text;
    EXPECT_EQ(scheme->name, name) << text;
  }
}

TEST(SchemeTableTest, SisterSchemesHaveWhatTheOtherHasNot) {
  EXPECT_EQ(FindSisterScheme(*FindScheme("pkcs11:")), nullptr);
  EXPECT_EQ(FindSisterScheme(*FindScheme("handle:"))->name, "nv");
  EXPECT_EQ(FindSisterScheme(*FindScheme("nv:"))->name, "handle");
}

// RFC 3986 section 3.1: schemes are case-insensitive.
TEST(SchemeTableTest, SchemesHaveNoCase) {
  ASSERT_NE(FindScheme("PKCS11:token=a"), nullptr);
  EXPECT_EQ(FindScheme("PKCS11:token=a")->name, "pkcs11");
}

TEST(SchemeTableTest, OnlyPkcs11HasTheAttributesOfRfc7512) {
  for (const Scheme& scheme : Schemes()) EXPECT_EQ(scheme.rfc7512, scheme.name == "pkcs11");
}

TEST(SchemeTableTest, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Scheme& scheme : Schemes()) EXPECT_TRUE(names.insert(scheme.name).second);
}

TEST(SchemeTableTest, FindsNoSchemeForOrdinaryFiles) {
  for (const char* contents :
       {"", "-----BEGIN PRIVATE KEY-----\n", "TSS2 PRIVATE KEY", "-----BEGIN TSS2 PRIVATE KEY",
        "----BEGIN TSS2 PRIVATE KEY-----", "-----BEGIN X TSS2 PRIVATE KEY-----"}) {
    EXPECT_EQ(FindSchemeOfFile(contents), nullptr) << contents;
  }
}

TEST(SchemeTableTest, FindsTheSchemeOfATpmKeyFile) {
  for (const char* contents :
       {"-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END TSS2 PRIVATE KEY-----\n",
        "a comment\n-----BEGIN TSS2 PRIVATE KEY-----\r\n"}) {
    const Scheme* scheme = FindSchemeOfFile(contents);
    ASSERT_NE(scheme, nullptr) << contents;
    EXPECT_EQ(scheme->name, "tss2");
    EXPECT_EQ(scheme->provider, "credmint-tpm2");
  }
}

TEST(SchemeTableTest, FindsNoSchemeForOtherDer) {
  using namespace std::string_literals;
  for (const std::string& contents :
       {"\x30"s, "\x30\x06"s, "\x30\x84"s, "\x30\xff\x06"s, "\x30\x81\x80\x06"s,
        "\x30\x06\x06\x04\x67\x81\x05\x0a"s, "\x30\x06\x06\x05\x67\x81\x05\x0a"s,
        "\x30\x07\x06\x05\x67\x81\x05\x0a\x02"s, "\x30\x07\x04\x05\x67\x81\x05\x0a\x01"s,
        "\x31\x07\x06\x05\x67\x81\x05\x0a\x01"s}) {
    EXPECT_EQ(FindSchemeOfFile(contents), nullptr) << testing::PrintToString(contents);
  }
}

TEST(SchemeTableTest, FindsTheSchemeOfATpmKeyFileInDer) {
  for (const char* length : {"\x08", "\x81\x80", "\x82\x01\x30"}) {
    const std::string contents = std::string("\x30") + length + "\x06\x06\x67\x81\x05\x0a\x01\x03";
    const Scheme* scheme = FindSchemeOfFile(contents);
    ASSERT_NE(scheme, nullptr) << testing::PrintToString(contents);
    EXPECT_EQ(scheme->name, "tss2");
  }
}

TEST(SchemeTableTest, ListsEachBuiltinProviderOnce) {
  const auto providers = BuiltinProviders();
  std::set<std::string> names;
  for (const BuiltinProvider& provider : providers) {
    EXPECT_TRUE(names.insert(provider.name).second) << provider.name;
    EXPECT_NE(provider.init, nullptr) << provider.name;
  }
  for (const Scheme& scheme : Schemes()) {
    EXPECT_EQ(names.contains(std::string(scheme.provider)), scheme.init != nullptr) << scheme.name;
  }
}

TEST(SchemeTableTest, BuiltinProvidersStart) {
  const auto context = LibraryContext::Create(BuiltinProviders());
  ASSERT_TRUE(context.has_value()) << context.error().message;
  for (const BuiltinProvider& provider : BuiltinProviders()) {
    EXPECT_EQ(OSSL_PROVIDER_available(context->get(), provider.name), 1) << provider.name;
  }
}

}  // namespace
}  // namespace credmint
