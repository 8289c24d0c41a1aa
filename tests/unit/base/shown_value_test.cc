// SPDX-License-Identifier: Apache-2.0
#include "base/shown_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using testing::StartsWith;

// The first base64 characters of keys from `openssl genpkey` (P-256, RSA, Ed25519) and from
// `openssl pkcs8 -topk8`, and of a certificate.
constexpr const char* kBase64OfDer[] = {
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ",
    "MC4CAQAwBQYDK2VwBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF38M6YBw==",
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg",
    "MIIBtjCCAV2gAwIBAgIUJm9lZmVmZWZlZmVmZWZlZmVmZWYw",
    "MHcCAQEEIHcHbQpzGKV9PBbBclGyZkXfTC-H68CZKrF38M6YoAoGCCqG",
};

TEST(DescribeKeyMaterial, KnowsBase64OfDer) {
  for (const std::string text : kBase64OfDer) {
    EXPECT_EQ(DescribeKeyMaterial(text), "base64 of a DER structure") << text;
    EXPECT_EQ(DescribeKeyMaterial("file:" + text), "base64 of a DER structure") << text;
    EXPECT_EQ(DescribeKeyMaterial("./keys/" + text), "base64 of a DER structure") << text;
    EXPECT_EQ(DescribeKeyMaterial(text.substr(0, 8) + " " + text.substr(8)),
              "base64 of a DER structure");
    EXPECT_EQ(DescribeKeyMaterial(text.substr(0, 12) + "\\n" + text.substr(12)),
              "base64 of a DER structure");
  }
}

TEST(DescribeKeyMaterial, KnowsPem) {
  EXPECT_EQ(DescribeKeyMaterial("x -----BEGIN PRIVATE KEY-----"), "the contents of a PEM file");
  EXPECT_EQ(DescribeKeyMaterial("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t"), "base64 of a PEM file");
}

TEST(DescribeKeyMaterial, LeavesPathsAndUrisAlone) {
  for (const char* text :
       {"", "web.key", "/etc/credmint/web.key", "MIIC.pem", "/srv/MANIFESTS/of/some/long/folder/x",
        "pkcs11:token=My%20Token;object=web;id=%01%02", "handle:0x81000001", "Mail/key",
        "device:/dev/tpmrm0", "arn:aws:iam::111122223333:role/Main", "https://example.com/x",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "MyCompanyProductionSigningKey2026"}) {
    EXPECT_EQ(DescribeKeyMaterial(text), "") << text;
    EXPECT_EQ(DescribeUnshown(text), "") << text;
  }
}

TEST(DescribeUnshown, KnowsLinesControlCharactersAndLength) {
  EXPECT_EQ(DescribeUnshown("a\nb"), "text of several lines");
  const std::string line = "7H1tmf9hlZvqjdYZzCIQ3pDD2xeh+/==";
  EXPECT_EQ(DescribeUnshown(line.substr(0, 30) + "\\n" + line), "text of several lines");
  EXPECT_EQ(DescribeUnshown("https://" + line.substr(0, 30) + "\\n" + line),
            "text of several lines");
  EXPECT_EQ(DescribeUnshown("C:\\network\\name"), "");
  EXPECT_EQ(DescribeUnshown("C:\\new"), "");
  EXPECT_EQ(DescribeUnshown(std::string("a\0b", 3)), "text with control characters");
  EXPECT_EQ(DescribeUnshown(std::string(256, 'x')), "");
  EXPECT_EQ(DescribeUnshown(std::string(257, 'x')), "text of 257 bytes");
}

TEST(Shown, IsTheTextInQuotesOrWhatItIs) {
  EXPECT_EQ(Shown("web"), "'web'");
  EXPECT_EQ(Shown("a\nb"), "text of several lines");
}

TEST(ShownPath, IsTheEndOfALongOneThatExists) {
  const test::TempDir folder;
  std::string path = folder.path().string();
  while (path.size() < 300) path += "/.";
  path += "/";
  EXPECT_EQ(ShownPath(path), "…" + path.substr(path.size() - 200));
  EXPECT_EQ(ShownPath(path + "absent"), "a path of " + std::to_string(path.size() + 6) + " bytes");
}

TEST(CheckPath, RefusesWhatMustNotBeShownUnlessItExists) {
  EXPECT_TRUE(CheckPath("absent", "a path"));
  const auto refused = CheckPath(kBase64OfDer[0], "a path");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  EXPECT_EQ(refused.error().message, "a path is expected, not base64 of a DER structure");
  const test::TempDir folder;
  const std::string path = folder.path().string() + "/two\nlines";
  EXPECT_FALSE(CheckPath(path, "a path"));
  std::ofstream(path) << "x";
  EXPECT_TRUE(CheckPath(path, "a path"));
}

}  // namespace
}  // namespace credmint
