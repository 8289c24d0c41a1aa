// SPDX-License-Identifier: Apache-2.0
#include "common/rsa_padding.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <array>
#include <string>
#include <vector>

#include "support/test_pki.h"

namespace credmint::provider {
namespace {

/// Parameters and the values that they point to.
class Params {
 public:
  Params& Add(const char* name, const std::string& text) {
    OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text.c_str(), 0);
    return *this;
  }
  Params& Add(const char* name, int number) {
    OSSL_PARAM_BLD_push_int(builder_.get(), name, number);
    return *this;
  }
  ParamsPtr Make() { return ParamsPtr(OSSL_PARAM_BLD_to_param(builder_.get())); }

 private:
  ParamBldPtr builder_{OSSL_PARAM_BLD_new()};
};

constexpr const char* kPadMode = OSSL_SIGNATURE_PARAM_PAD_MODE;
constexpr const char* kSalt = OSSL_SIGNATURE_PARAM_PSS_SALTLEN;
constexpr const char* kMgf1 = OSSL_SIGNATURE_PARAM_MGF1_DIGEST;

class RsaPaddingTest : public testing::Test {
 protected:
  Result<void> Set(Params& params) { return padding_.Set(params.Make().get(), digests_); }
  Result<void> Set(Params&& params) { return Set(params); }

  const DigestEntry& Find(const char* name) { return **digests_.Find(name); }

  std::string GetText(const char* name, const DigestEntry* digest) {
    std::array<char, 32> text{};
    std::array<OSSL_PARAM, 2> params = {
        OSSL_PARAM_construct_utf8_string(name, text.data(), text.size()),
        OSSL_PARAM_construct_end()};
    return padding_.Get(params.data(), digest) ? text.data() : "none";
  }

  int GetNumber(const char* name) {
    int number = 1000;
    std::array<OSSL_PARAM, 2> params = {OSSL_PARAM_construct_int(name, &number),
                                        OSSL_PARAM_construct_end()};
    return padding_.Get(params.data(), &Find("SHA256")) ? number : -1000;
  }

  DigestTable digests_{nullptr};
  RsaPadding padding_;
};

TEST_F(RsaPaddingTest, RefusesOtherPaddings) {
  for (const char* text : {"oaep", "x931", "none", "PSS", ""}) {
    const auto set = Set(Params().Add(kPadMode, text));
    ASSERT_FALSE(set) << text;
    EXPECT_EQ(set.error().code, ErrorCode::kKeyUnusable);
  }
  for (const int number : {0, RSA_NO_PADDING, RSA_PKCS1_OAEP_PADDING}) {
    EXPECT_FALSE(Set(Params().Add(kPadMode, number))) << number;
  }
}

TEST_F(RsaPaddingTest, RefusesPssSettingsWithoutPss) {
  for (const char* name : {kSalt, kMgf1}) {
    const auto set = Set(Params().Add(name, "digest"));
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, ErrorCode::kUsage);
    EXPECT_NE(set.error().message.find("is for PSS only, and the RSA padding is PKCS#1 v1.5"),
              std::string::npos);
    EXPECT_FALSE(Set(Params().Add(kPadMode, "pkcs1").Add(name, "digest")));
  }
}

TEST_F(RsaPaddingTest, RefusesSaltLengthsThatAreNone) {
  ASSERT_TRUE(Set(Params().Add(kPadMode, "pss").Add(kSalt, 17)));
  for (const char* text : {"", "long", "12x", " 12", "-5", "99999999999"}) {
    EXPECT_FALSE(Set(Params().Add(kSalt, text))) << text;
  }
  EXPECT_FALSE(Set(Params().Add(kSalt, -5)));
  EXPECT_EQ(GetNumber(kSalt), 17) << "the earlier value stays";
}

TEST_F(RsaPaddingTest, RefusesUnknownMgf1Digest) {
  const auto set = Set(Params().Add(kPadMode, "pss").Add(kMgf1, "SHA1"));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().message, "MGF1: the digest SHA1 is not supported");
  EXPECT_EQ(padding_.scheme(), SignatureScheme::kRsaPkcs1);
}

TEST_F(RsaPaddingTest, RefusesWhatDoesNotFitTheKey) {
  ASSERT_TRUE(Set(Params().Add(kPadMode, "pss").Add(kSalt, 223)));
  const auto long_salt = padding_.Resolve(Find("SHA256"), 2048);
  ASSERT_FALSE(long_salt);
  EXPECT_EQ(long_salt.error().code, ErrorCode::kUsage);
  EXPECT_EQ(long_salt.error().message,
            "a PSS salt of 223 bytes does not fit an RSA key of 2048 bits with SHA256");
  EXPECT_EQ(long_salt.error().hint, "at most 222 bytes fit");
  ASSERT_TRUE(Set(Params().Add(kSalt, "max")));
  const auto short_key = padding_.Resolve(Find("SHA512"), 512);
  ASSERT_FALSE(short_key);
  EXPECT_EQ(short_key.error().message, "an RSA key of 512 bits is too short for PSS with SHA512");
}

TEST_F(RsaPaddingTest, IsPkcs1UntilSet) {
  EXPECT_EQ(padding_.scheme(), SignatureScheme::kRsaPkcs1);
  EXPECT_EQ(GetText(kPadMode, nullptr), "pkcs1");
  EXPECT_EQ(GetNumber(kPadMode), RSA_PKCS1_PADDING);
  EXPECT_EQ(GetNumber(kSalt), -1000);
  EXPECT_EQ(GetText(kMgf1, &Find("SHA256")), "none");
}

TEST_F(RsaPaddingTest, AnswersWhatWasSet) {
  ASSERT_TRUE(Set(Params().Add(kPadMode, RSA_PKCS1_PSS_PADDING)));
  EXPECT_EQ(padding_.scheme(), SignatureScheme::kRsaPss);
  EXPECT_EQ(GetText(kPadMode, nullptr), "pss");
  EXPECT_EQ(GetNumber(kPadMode), RSA_PKCS1_PSS_PADDING);
  EXPECT_EQ(GetText(kMgf1, &Find("SHA384")), "SHA384") << "the signature's own";
  ASSERT_TRUE(Set(Params().Add(kMgf1, "SHA2-512")));
  EXPECT_EQ(GetText(kMgf1, &Find("SHA384")), "SHA512");
  EXPECT_EQ(GetText(kSalt, nullptr), "auto-digestmax");
  for (const auto& [text, number] : std::vector<std::pair<std::string, int>>{{"digest", -1},
                                                                             {"auto", -2},
                                                                             {"max", -3},
                                                                             {"auto-digestmax", -4},
                                                                             {"0", 0},
                                                                             {"48", 48}}) {
    ASSERT_TRUE(Set(Params().Add(kSalt, text)));
    EXPECT_EQ(GetNumber(kSalt), number);
    ASSERT_TRUE(Set(Params().Add(kSalt, number)));
    EXPECT_EQ(GetText(kSalt, nullptr), text);
  }
}

TEST_F(RsaPaddingTest, Pkcs1ForgetsThePssSettings) {
  ASSERT_TRUE(Set(Params().Add(kPadMode, "pss").Add(kSalt, 17).Add(kMgf1, "SHA512")));
  ASSERT_TRUE(Set(Params().Add(kPadMode, "pkcs1")));
  ASSERT_TRUE(Set(Params().Add(kPadMode, "pss")));
  EXPECT_EQ(GetNumber(kSalt), -4);
  EXPECT_EQ(GetText(kMgf1, &Find("SHA256")), "SHA256");
}

TEST_F(RsaPaddingTest, SaltLengthsFollowDigestAndKey) {
  struct Case {
    const char* salt;
    const char* digest;
    int bits;
    std::size_t length;
  };
  for (const Case& c :
       {Case{"digest", "SHA384", 2048, 48}, Case{"max", "SHA256", 2048, 222},
        Case{"auto", "SHA256", 2048, 222}, Case{"max", "SHA256", 2047, 222},
        Case{"max", "SHA256", 2041, 221}, Case{"auto-digestmax", "SHA256", 2048, 32},
        Case{"auto-digestmax", "SHA512", 1024, 62}, Case{"0", "SHA256", 2048, 0},
        Case{"62", "SHA512", 1024, 62}}) {
    ASSERT_TRUE(Set(Params().Add(kPadMode, "pss").Add(kSalt, c.salt)));
    const auto pss = padding_.Resolve(Find(c.digest), c.bits);
    ASSERT_TRUE(pss) << pss.error().message;
    EXPECT_EQ(pss->salt_length, c.length) << c.salt << ' ' << c.bits;
  }
}

/// The algorithm identifier from OpenSSL's own RSA for the same settings.
Bytes OpensslIdentifier(EVP_PKEY* key, const char* digest, int salt, const char* mgf1) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), &settings, digest, nullptr, nullptr, key, nullptr),
            1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md_name(settings, mgf1, nullptr), 1);
  Bytes der(256);
  std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  EXPECT_EQ(EVP_PKEY_CTX_get_params(settings, params.data()), 1);
  der.resize(params[0].return_size);
  return der;
}

TEST_F(RsaPaddingTest, AlgorithmIdentifierIsOpenssls) {
  const auto key = test::NewKey("RSA");
  for (const char* digest : {"SHA224", "SHA256", "SHA384", "SHA512"}) {
    for (const char* mgf1 : {"SHA256", "SHA512"}) {
      for (const int salt : {0, 20, 32, 127, 128, 190, RSA_PSS_SALTLEN_MAX}) {
        ASSERT_TRUE(Set(Params().Add(kPadMode, "pss").Add(kSalt, salt).Add(kMgf1, mgf1)));
        const auto der = padding_.AlgorithmIdentifier(Find(digest), 2048);
        ASSERT_TRUE(der) << der.error().message;
        EXPECT_EQ(*der, OpensslIdentifier(key.get(), digest, salt, mgf1))
            << digest << ' ' << mgf1 << ' ' << salt;
      }
    }
  }
}

}  // namespace
}  // namespace credmint::provider
