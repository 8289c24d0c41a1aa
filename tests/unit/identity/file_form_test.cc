// SPDX-License-Identifier: Apache-2.0
#include "identity/file_form.h"

#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

// tests/system/keys/file_forms_test.py tests the files of real tools. These tests cover the
// boundaries between forms.

std::string Pem(const std::string& label) {
  return "-----BEGIN " + label + "-----\nAAAA\n-----END " + label + "-----\n";
}

TEST(FileFormTest, KnowsLabels) {
  EXPECT_EQ(RecogniseFile(Pem("PRIVATE KEY")), FileForm::kPrivateKey);
  EXPECT_EQ(RecogniseFile(Pem("ENCRYPTED PRIVATE KEY")), FileForm::kPrivateKey);
  EXPECT_EQ(RecogniseFile(Pem("OPENSSH PRIVATE KEY")), FileForm::kOpensshKey);
  EXPECT_EQ(RecogniseFile(Pem("RSA PUBLIC KEY")), FileForm::kPublicKey);
  EXPECT_EQ(RecogniseFile(Pem("NEW CERTIFICATE REQUEST")), FileForm::kRequest);
  EXPECT_EQ(RecogniseFile(Pem("TRUSTED CERTIFICATE")), FileForm::kCertificate);
  EXPECT_EQ(RecogniseFile(Pem("X9.42 DH PARAMETERS")), FileForm::kParameters);
  EXPECT_EQ(RecogniseFile(Pem("SECRET")), FileForm::kUnknown);
}

TEST(FileFormTest, OfSeveralThingsItNamesTheOneThatMattersMost) {
  EXPECT_EQ(RecogniseFile(Pem("EC PARAMETERS") + Pem("EC PRIVATE KEY")), FileForm::kPrivateKey);
  EXPECT_EQ(RecogniseFile(Pem("X509 CRL") + Pem("CERTIFICATE")), FileForm::kCertificate);
}

TEST(FileFormTest, HowItIsWrittenCountsBeforeWhatItIs) {
  EXPECT_EQ(RecogniseFile("  " + Pem("PRIVATE KEY")), FileForm::kIndentedPem);
  EXPECT_EQ(RecogniseFile("-----BEGIN PRIVATE KEY-----\nAAAA\n"), FileForm::kTruncatedPem);
  EXPECT_EQ(RecogniseFile("-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n"),
            FileForm::kEscapedPem);
}

TEST(FileFormTest, KnowsUtf16InBothOrdersAndWithoutItsMark) {
  std::string wide;
  for (const char c : Pem("CERTIFICATE")) wide += {c, '\0'};
  EXPECT_EQ(RecogniseFile(wide), FileForm::kUtf16);
  EXPECT_EQ(RecogniseFile("\xFF\xFE" + wide), FileForm::kUtf16);
  EXPECT_EQ(RecogniseFile("\xFE\xFF" + std::string(1, '\0') + wide), FileForm::kUtf16);
}

TEST(FileFormTest, CutOffAnywhereDerIsNeverReadBeyondItsEnd) {
  const std::string der("\x30\x82\x01\x01\x30\x03\x06\x01\x01\x03\x02\x00\x01", 13);
  for (std::size_t size = 0; size <= der.size(); ++size) {
    EXPECT_EQ(RecogniseFile(der.substr(0, size)), FileForm::kUnknown);
  }
}

TEST(FileFormTest, DoesNotExplainWhatWasWanted) {
  EXPECT_FALSE(ExplainFileForm(Pem("PRIVATE KEY"), StoreExpect::kPrivateKey).has_value());
  EXPECT_FALSE(ExplainFileForm(Pem("CERTIFICATE"), StoreExpect::kCertificate).has_value());
  EXPECT_FALSE(ExplainFileForm("text", StoreExpect::kCertificate).has_value());
}

TEST(FileFormTest, SaysWhatElseItIs) {
  const auto key = ExplainFileForm(Pem("CERTIFICATE REQUEST"), StoreExpect::kPrivateKey);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->message, "it is a certificate signing request, not a private key");
  const auto certificate = ExplainFileForm(Pem("PRIVATE KEY"), StoreExpect::kCertificate);
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->message, "it is a private key, not a certificate");
  EXPECT_EQ(certificate->hint, "are certificate and private key swapped?");
}

}  // namespace
}  // namespace credmint
