// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/mechanism.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "pkcs11/ck_error.h"

namespace credmint::pkcs11 {
namespace {

using provider::Digest;
using provider::SignatureRequest;
using provider::SignatureScheme;

const Bytes kMessage = {'m', 's', 'g'};
const Bytes kValue = {1, 2, 3, 4, 5, 6, 7, 8};

/// A key on a token that allows only some mechanisms.
class FakeKey {
 public:
  /// Every mechanism except `allowed` is refused with the code `refusal`.
  explicit FakeKey(std::vector<CK_MECHANISM_TYPE> allowed, CK_RV refusal = CKR_MECHANISM_INVALID)
      : allowed_(std::move(allowed)), refusal_(refusal) {}

  CK_RV operator()(CK_MECHANISM* mechanism) {
    tried.push_back(mechanism->mechanism);
    pss.reset();
    if (mechanism->pParameter != nullptr) {
      EXPECT_EQ(mechanism->ulParameterLen, sizeof(CK_RSA_PKCS_PSS_PARAMS));
      pss = *static_cast<CK_RSA_PKCS_PSS_PARAMS*>(mechanism->pParameter);
    }
    const bool known =
        std::find(allowed_.begin(), allowed_.end(), mechanism->mechanism) != allowed_.end();
    return known ? CKR_OK : refusal_;
  }

  Result<SignInput> Begin(const SignatureRequest& request) {
    tried.clear();
    return choice_.Begin(request, std::ref(*this));
  }

  std::vector<CK_MECHANISM_TYPE> tried;
  std::optional<CK_RSA_PKCS_PSS_PARAMS> pss;

 private:
  std::vector<CK_MECHANISM_TYPE> allowed_;
  CK_RV refusal_;
  MechanismChoice choice_;
};

using Tried = std::vector<CK_MECHANISM_TYPE>;

SignatureRequest Request(SignatureScheme scheme, Digest digest = Digest::kSha256) {
  SignatureRequest request;
  request.scheme = scheme;
  request.digest = digest;
  request.digest_value = kValue;
  request.message = kMessage;
  return request;
}

Bytes Given(const SignInput& input) { return {input.bytes().begin(), input.bytes().end()}; }

/// Numbers from PKCS#11 v2.40 and v3.0, spelt out.
struct SchemeCase {
  const char* name;
  SignatureScheme scheme;
  Digest digest;
  CK_MECHANISM_TYPE over_digest;
  CK_MECHANISM_TYPE over_message;
};

void PrintTo(const SchemeCase& test_case, std::ostream* out) { *out << test_case.name; }

class MechanismTest : public testing::TestWithParam<SchemeCase> {};

TEST_P(MechanismTest, OverTheDigestIsTriedFirstAndKept) {
  const SignatureRequest request = Request(GetParam().scheme, GetParam().digest);
  FakeKey key({GetParam().over_digest, GetParam().over_message});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(key.Begin(request));
    EXPECT_EQ(key.tried, Tried{GetParam().over_digest});
  }
}

TEST_P(MechanismTest, OverTheMessageIsTriedNextAndRemembered) {
  const SignatureRequest request = Request(GetParam().scheme, GetParam().digest);
  FakeKey key({GetParam().over_message});
  const auto first = key.Begin(request);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(Given(*first), kMessage);
  EXPECT_EQ(key.tried, (Tried{GetParam().over_digest, GetParam().over_message}));
  const auto second = key.Begin(request);
  ASSERT_TRUE(second);
  EXPECT_EQ(Given(*second), kMessage);
  EXPECT_EQ(key.tried, Tried{GetParam().over_message});
}

TEST_P(MechanismTest, RefusalOfBothNamesBoth) {
  FakeKey key({});
  const auto begun = key.Begin(Request(GetParam().scheme, GetParam().digest));
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, ErrorCode::kKeyUnusable);
  EXPECT_NE(begun.error().message.find(std::string("and ") + GetParam().name + " for this key"),
            std::string::npos)
      << begun.error().message;
  EXPECT_EQ(key.tried.size(), 2U);
}

constexpr auto kPkcs1 = SignatureScheme::kRsaPkcs1;
constexpr auto kPss = SignatureScheme::kRsaPss;
constexpr auto kEcdsa = SignatureScheme::kEcdsa;
INSTANTIATE_TEST_SUITE_P(
    Schemes, MechanismTest,
    testing::Values(SchemeCase{"CKM_SHA224_RSA_PKCS", kPkcs1, Digest::kSha224, 0x01, 0x46},
                    SchemeCase{"CKM_SHA256_RSA_PKCS", kPkcs1, Digest::kSha256, 0x01, 0x40},
                    SchemeCase{"CKM_SHA384_RSA_PKCS", kPkcs1, Digest::kSha384, 0x01, 0x41},
                    SchemeCase{"CKM_SHA512_RSA_PKCS", kPkcs1, Digest::kSha512, 0x01, 0x42},
                    SchemeCase{"CKM_SHA224_RSA_PKCS_PSS", kPss, Digest::kSha224, 0x0d, 0x47},
                    SchemeCase{"CKM_SHA256_RSA_PKCS_PSS", kPss, Digest::kSha256, 0x0d, 0x43},
                    SchemeCase{"CKM_SHA384_RSA_PKCS_PSS", kPss, Digest::kSha384, 0x0d, 0x44},
                    SchemeCase{"CKM_SHA512_RSA_PKCS_PSS", kPss, Digest::kSha512, 0x0d, 0x45},
                    SchemeCase{"CKM_ECDSA_SHA224", kEcdsa, Digest::kSha224, 0x1041, 0x1043},
                    SchemeCase{"CKM_ECDSA_SHA256", kEcdsa, Digest::kSha256, 0x1041, 0x1044},
                    SchemeCase{"CKM_ECDSA_SHA384", kEcdsa, Digest::kSha384, 0x1041, 0x1045},
                    SchemeCase{"CKM_ECDSA_SHA512", kEcdsa, Digest::kSha512, 0x1041, 0x1046}),
    [](const auto& instance) { return instance.param.name; });

TEST(MechanismChoiceTest, TokenThatStopsHashingIsGivenTheDigestAgain) {
  MechanismChoice choice;
  FakeKey hashing({CKM_SHA256_RSA_PKCS});
  ASSERT_TRUE(choice.Begin(Request(kPkcs1), std::ref(hashing)));
  FakeKey other({CKM_RSA_PKCS});
  ASSERT_TRUE(choice.Begin(Request(kPkcs1), std::ref(other)));
  EXPECT_EQ(other.tried, (Tried{CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS}));
  other.tried.clear();
  ASSERT_TRUE(choice.Begin(Request(kPkcs1), std::ref(other)));
  EXPECT_EQ(other.tried, Tried{CKM_RSA_PKCS});
}

TEST(MechanismChoiceTest, EachSchemeIsRememberedForItself) {
  FakeKey key({CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS});
  ASSERT_TRUE(key.Begin(Request(kPss)));
  ASSERT_TRUE(key.Begin(Request(kPkcs1)));
  EXPECT_EQ(key.tried, Tried{CKM_RSA_PKCS});
}

TEST(MechanismChoiceTest, MessageThatIsNotAtHandIsMissed) {
  SignatureRequest request = Request(kEcdsa);
  request.message = std::nullopt;
  FakeKey key({CKM_ECDSA_SHA256});
  for (int i = 0; i < 2; ++i) {  // before and after the provider knows that the token hashes
    const auto begun = key.Begin(request);
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, ErrorCode::kKeyUnusable);
    EXPECT_EQ(begun.error().message,
              "the token refuses CKM_ECDSA for this key (CKR_MECHANISM_INVALID), and "
              "CKM_ECDSA_SHA256 needs the message, which is not at hand");
    EXPECT_EQ(begun.error().hint,
              "sign the message itself, in one piece or with at most 65536 bytes");
    EXPECT_EQ(key.tried, Tried{CKM_ECDSA});
    ASSERT_TRUE(key.Begin(Request(kEcdsa)));
  }
}

TEST(MechanismChoiceTest, EveryCodeOfARefusalLeadsOn) {
  for (const CK_RV refusal : {CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
                              CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_FUNCTION_NOT_SUPPORTED}) {
    FakeKey key({CKM_ECDSA_SHA256}, refusal);
    EXPECT_TRUE(key.Begin(Request(kEcdsa))) << refusal;
    EXPECT_EQ(key.tried.size(), 2U);
  }
}

TEST(MechanismChoiceTest, OtherFailuresAreFinal) {
  for (const CK_RV failure :
       {CKR_DEVICE_REMOVED, CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN}) {
    FakeKey key({CKM_ECDSA_SHA256}, failure);
    const auto begun = key.Begin(Request(kEcdsa));
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, ErrorCode::kDeviceLost);
    EXPECT_EQ(begun.error().hint, CkError("SignInit", failure).hint);
    EXPECT_EQ(key.tried.size(), 1U);
  }
}

TEST(MechanismChoiceTest, DigestIsGivenAsTheSchemeWantsIt) {
  FakeKey key({CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_ECDSA});
  for (const auto scheme : {kPss, kEcdsa}) {
    const auto begun = key.Begin(Request(scheme));
    ASSERT_TRUE(begun);
    EXPECT_EQ(Given(*begun), kValue);
  }
  // RFC 8017 section 9.2, note 1.
  const std::map<Digest, std::pair<std::size_t, Bytes>> prefixes = {
      {Digest::kSha224,
       {28,
        {0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04,
         0x05, 0x00, 0x04, 0x1c}}},
      {Digest::kSha256,
       {32,
        {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
         0x05, 0x00, 0x04, 0x20}}},
      {Digest::kSha384,
       {48,
        {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
         0x05, 0x00, 0x04, 0x30}}},
      {Digest::kSha512,
       {64,
        {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
         0x05, 0x00, 0x04, 0x40}}}};
  for (const auto& [digest, expected] : prefixes) {
    const auto& [size, prefix] = expected;
    const Bytes value(size, 7);
    SignatureRequest request = Request(kPkcs1, digest);
    request.digest_value = value;
    const auto begun = key.Begin(request);
    ASSERT_TRUE(begun);
    Bytes info = prefix;
    info.insert(info.end(), size, 7);
    EXPECT_EQ(Given(*begun), info);
  }
}

TEST(MechanismChoiceTest, PssParametersGoWithBothMechanisms) {
  SignatureRequest request = Request(kPss, Digest::kSha384);
  request.pss = {Digest::kSha512, 33};
  for (const CK_MECHANISM_TYPE mechanism : {CKM_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS}) {
    FakeKey key({mechanism});
    ASSERT_TRUE(key.Begin(request));
    ASSERT_TRUE(key.pss.has_value());
    EXPECT_EQ(key.pss->hashAlg, 0x260UL);  // CKM_SHA384
    EXPECT_EQ(key.pss->mgf, 4UL);          // CKG_MGF1_SHA512
    EXPECT_EQ(key.pss->sLen, 33UL);
  }
  FakeKey pkcs1({CKM_RSA_PKCS});
  ASSERT_TRUE(pkcs1.Begin(Request(kPkcs1)));
  EXPECT_FALSE(pkcs1.pss.has_value());
}

TEST(MechanismChoiceTest, UnusualMgf1DigestIsSuspectedWhenTheTokenFails) {
  SignatureRequest request = Request(kPss);
  request.pss = {Digest::kSha512, 32};
  FakeKey key({}, CKR_ARGUMENTS_BAD);
  const auto begun = key.Begin(request);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().message, "C_SignInit: CKR_ARGUMENTS_BAD");
  EXPECT_EQ(begun.error().hint, "many tokens want the MGF1 digest to be the signature's own");
}

TEST(MechanismChoiceTest, Ed25519HasOneMechanismOverTheMessage) {
  SignatureRequest request = Request(SignatureScheme::kEd25519);
  FakeKey key({CKM_EDDSA});
  const auto begun = key.Begin(request);
  ASSERT_TRUE(begun);
  EXPECT_EQ(Given(*begun), kMessage);
  EXPECT_EQ(key.tried, Tried{0x1057});
  FakeKey without({});
  const auto refused = without.Begin(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(without.tried.size(), 1U);
}

}  // namespace
}  // namespace credmint::pkcs11
