// SPDX-License-Identifier: Apache-2.0
#include "cli/output/redaction.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace credmint::cli {
namespace {

class RedactionTest : public testing::Test {
 protected:
  RedactionTest() { setenv("HOME", "/home/zelda", 1); }

  static std::string Redacted(const std::string& text) { return Redaction().Apply(text); }
};

TEST_F(RedactionTest, ArnsKeepServiceAndRegion) {
  EXPECT_EQ(Redacted("role arn:aws:iam::111122223333:role/path/web, next"),
            "role arn:aws:iam::…, next");
  EXPECT_EQ(Redacted("arn:aws-us-gov:rolesanywhere:us-gov-west-1:111122223333:profile/5c0a"),
            "arn:aws-us-gov:rolesanywhere:us-gov-west-1:…");
}

TEST_F(RedactionTest, NumbersThatName) {
  EXPECT_EQ(Redacted("account 111122223333."), "account ACCOUNT.");
  EXPECT_EQ(Redacted("1111222233334 bytes"), "1111222233334 bytes");
  EXPECT_EQ(Redacted("credentials ASIA3QSQ6WZVMM3PMCYW until"), "credentials KEY-ID until");
  EXPECT_EQ(Redacted("(SoftHSM, serial 6118-75b8_950c7c03), wants"), "(SoftHSM, serial …), wants");
  EXPECT_EQ(Redacted("serial 0A:1B:2C: 29 days left"), "serial …: 29 days left");
  EXPECT_EQ(Redacted("pkcs11:token=prod;serial=611875b8;type=cert"),
            "pkcs11:token=prod;serial=…;type=cert");
}

TEST_F(RedactionTest, NamesOfCertificates) {
  EXPECT_EQ(Redacted("certificate CN=web,OU=Lab A,O=Example\\, Inc.: it expired"),
            "certificate NAME: it expired");
  EXPECT_EQ(Redacted("issued by C = US, O = Example Corp, CN = Proxy CA"), "issued by NAME");
}

TEST_F(RedactionTest, HostsExceptThoseOfAwsAndThisMachine) {
  EXPECT_EQ(Redacted("https://proxy.corp.example:3128/x"), "https://HOST/x");
  EXPECT_EQ(Redacted("https://rolesanywhere.eu-central-1.amazonaws.com/"),
            "https://rolesanywhere.eu-central-1.amazonaws.com/");
  EXPECT_EQ(Redacted("http://localhost:8080/ http://127.0.0.1:1/"),
            "http://localhost:8080/ http://127.0.0.1:1/");
}

TEST_F(RedactionTest, PathsBelowHome) {
  EXPECT_EQ(Redacted("cannot read /home/zelda/keys/my web.pem: No such file"),
            "cannot read ~/… web.pem: No such file");
  EXPECT_EQ(Redacted("'/home/zelda/a', /home/zeldas/b, /etc/web/pin"),
            "'~/…', /home/zeldas/b, /etc/web/pin");
}

TEST_F(RedactionTest, KnownPathsMayHaveBlanks) {
  Redaction redaction;
  redaction.LearnPath("/home/zelda/my keys/a, b.pem");
  redaction.LearnPath("/etc/web/pin");
  EXPECT_EQ(redaction.Apply("/home/zelda/my keys/a, b.pem: no, /etc/web/pin"),
            "~/…: no, /etc/web/pin");
}

TEST_F(RedactionTest, LongTextIsCut) {
  EXPECT_LT(Redacted("CN=" + std::string(1000000, 'a')).size(), 5000U);
}

TEST_F(RedactionTest, LearntWordsStandAlone) {
  Redaction redaction;
  redaction.Learn("web", "RESOURCE");
  redaction.Learn("in", "RESOURCE");
  redaction.Learn("CN=web,O=Example (Europe) GmbH", "NAME");
  EXPECT_EQ(redaction.Apply("CN=web,O=Example (Europe) GmbH in it"), "NAME in it");
  EXPECT_EQ(redaction.Apply("web, [web] webs my-web web_1"),
            "RESOURCE, [RESOURCE] webs my-web web_1");
}

}  // namespace
}  // namespace credmint::cli
