// SPDX-License-Identifier: Apache-2.0
#include "ossl/certificate_file.h"

#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

TEST(CertificateFileTest, ALabelOfRubbishIsShownOnOneShortLine) {
  const auto context = LibraryContext::Create({});
  ASSERT_TRUE(context);
  const std::string label = "\x1b[2J" + std::string(10'000, 'x');
  const auto read = ReadCertificateFile(
      *context, Secret("-----BEGIN " + label + "-----\n-----BEGIN CERTIFICATE-----\n"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "its block ?[2J" + std::string(196, 'x') +
                                      "... at line 1 is cut off: its END line is missing");
}

}  // namespace
}  // namespace credmint
