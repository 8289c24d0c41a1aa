// SPDX-License-Identifier: Apache-2.0
#include "ossl/helper_name.h"

#include <gtest/gtest.h>

#include "ossl/handles.h"

namespace credmint {
namespace {

class HelperNameTest : public testing::Test {
 protected:
  /// Adds an attribute: with `set` -1 to the previous RDN, with 0 as a new RDN.
  void Add(const char* type, const char* value, int set = 0) {
    ASSERT_EQ(
        X509_NAME_add_entry_by_txt(name_.get(), type, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(value), -1, -1, set),
        1);
  }

  Handle<X509_NAME, X509_NAME_free> name_{X509_NAME_new()};
};

// The order of Go's Name.String (crypto/x509/pkix).
TEST_F(HelperNameTest, OfTheUsualKindsInGosOrder) {
  Add("CN", "web");
  Add("serialNumber", "7");
  Add("C", "US");
  Add("ST", "Ohio");
  Add("L", "Town");
  Add("street", "Main St");
  Add("postalCode", "12345");
  Add("O", "Example");
  Add("OU", "Ops");
  EXPECT_EQ(HelperName(name_.get()),
            "SERIALNUMBER=7,CN=web,POSTALCODE=12345,STREET=Main St,ST=Ohio,L=Town,OU=Ops,"
            "O=Example,C=US");
}

TEST_F(HelperNameTest, OneKindStandsTogether) {
  Add("OU", "A");
  Add("O", "X");
  Add("OU", "B");
  Add("CN", "old");
  Add("CN", "new", -1);
  EXPECT_EQ(HelperName(name_.get()), "CN=new,OU=A+OU=B,O=X");
}

TEST_F(HelperNameTest, OthersByNumberLastFirst) {
  Add("emailAddress", "a@b");
  Add("DC", "test");
  Add("CN", "web");
  EXPECT_EQ(HelperName(name_.get()),
            "CN=web,0.9.2342.19200300.100.1.25=#130474657374,"
            "1.2.840.113549.1.9.1=#0c03614062");
}

TEST_F(HelperNameTest, WhatIsSpecialIsEscaped) {
  Add("CN", " a,b+\"c\" ");
  Add("O", "#1#<>;\\");
  EXPECT_EQ(HelperName(name_.get()), R"(CN=\ a\,b\+\"c\"\ ,O=\#1#\<\>\;\\)");
}

TEST_F(HelperNameTest, OfNothing) { EXPECT_EQ(HelperName(name_.get()), ""); }

}  // namespace
}  // namespace credmint
