// SPDX-License-Identifier: Apache-2.0
#include "ossl/certificate_usages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/test_pki.h"

namespace credmint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kClientAuth = "1.3.6.1.5.5.7.3.2";
constexpr const char* kEndorsement = "2.23.133.8.1";

Certificate WithExtended(const std::string& usages) {
  test::CertificateSpec spec;
  spec.extended_key_usage = usages;
  return Certificate(X509Ptr(test::NewReference(test::Issue(spec).certificate)));
}

TEST(CertificateUsagesTest, NamesAnExtendedUsageAsOpenSslDoes) {
  EXPECT_THAT(ExtendedKeyUsages(WithExtended("clientAuth,1.2.3.4")),
              ElementsAre("clientAuth", "1.2.3.4"));
  EXPECT_THAT(ExtendedKeyUsages(WithExtended("")), IsEmpty());
}

// OpenSSL 3.6 has a name for the usage of endorsement keys, and 3.0 has none.
TEST(CertificateUsagesTest, FindsAnExtendedUsageByItsNumberWhetherOrNotOpenSslHasANameForIt) {
  const Certificate certificate = WithExtended(std::string("clientAuth,") + kEndorsement);
  EXPECT_TRUE(HasExtendedKeyUsage(certificate, kClientAuth));
  EXPECT_TRUE(HasExtendedKeyUsage(certificate, kEndorsement));
  EXPECT_FALSE(HasExtendedKeyUsage(certificate, "clientAuth"));
  EXPECT_FALSE(HasExtendedKeyUsage(certificate, "2.23.133.8"));
  EXPECT_FALSE(HasExtendedKeyUsage(WithExtended(""), kClientAuth));
}

}  // namespace
}  // namespace credmint
