// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "ossl/handles.h"
#include "support/der.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/device/tss_log.h"

namespace credmint::tpm2 {
namespace {

using test::Join;
using test::Tlv;

Bytes Sized(const Bytes& contents) {
  return Join({{0, static_cast<std::uint8_t>(contents.size())}, contents});
}

/// A TPMPolicy, whose command code has two bytes.
Bytes Step(std::uint16_t code, const Bytes& body) {
  const Bytes number = {static_cast<std::uint8_t>(code >> 8U), static_cast<std::uint8_t>(code)};
  return Tlv(0x30, Join({Tlv(0xa0, Tlv(0x02, number)), Tlv(0xa1, Tlv(0x04, body))}));
}

/// The TPM2B_PUBLIC of a P-256 verification key.
const Bytes kPublic = Sized(Join({{0x00, 0x23, 0x00, 0x0b, 0x00, 0x04, 0x00, 0x40, 0x00, 0x00},
                                  {0x00, 0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10},
                                  Sized(Bytes(32, 1)),
                                  Sized(Bytes(32, 2))}));
const Bytes kEcdsa = Join({{0x00, 0x18, 0x00, 0x0b}, Sized(Bytes(32, 3)), Sized(Bytes(32, 4))});
const Bytes kNoSignature = {0x00, 0x10};
const Bytes kPcrs = Join({Sized(Bytes(32, 5)), {0, 0, 0, 1, 0x00, 0x0b, 3, 0x81, 0, 1}});

class PolicyTest : public testing::Test {
 protected:
  void SetUp() override {
    SilenceTssLog();
    ASSERT_TRUE(LoadTss2());
  }

  static DerItem Field(const Bytes& contents) {
    return {1, 0x80, true, contents};  // as the file's reader passes it
  }

  static Result<PolicySteps> Read(std::initializer_list<Bytes> steps) {
    const Bytes sequence = Tlv(0x30, Join(steps));
    return ReadPolicy(Field(sequence));
  }

  template <typename T>
  static T ReadOne(std::uint16_t code, const Bytes& body) {
    const auto steps = Read({Step(code, body)});
    EXPECT_TRUE(steps) << steps.error().message;
    EXPECT_TRUE(steps && steps->size() == 1 && std::holds_alternative<T>(steps->front()));
    return steps && steps->size() == 1 && std::holds_alternative<T>(steps->front())
               ? std::get<T>(steps->front())
               : T();
  }

  static void ExpectRefused(const Result<PolicySteps>& read, ErrorCode code,
                            const std::string& message) {
    ASSERT_FALSE(read) << message;
    EXPECT_EQ(read.error().code, code);
    EXPECT_NE(read.error().message.find(message), std::string::npos) << read.error().message;
  }
};

TEST_F(PolicyTest, ReadsEachStep) {
  const auto pcr = ReadOne<PolicyPcr>(TPM2_CC_PolicyPCR, kPcrs);
  EXPECT_EQ(pcr.digest.size, 32);
  EXPECT_EQ(pcr.selection.count, 1U);
  EXPECT_EQ(pcr.selection.pcrSelections[0].pcrSelect[2], 1);

  ReadOne<PolicyAuthValue>(TPM2_CC_PolicyAuthValue, {});
  ReadOne<PolicyAuthValue>(TPM2_CC_PolicyPassword, {});

  const auto secret = ReadOne<PolicySecret>(
      TPM2_CC_PolicySecret,
      Join({{0x40, 0, 0, 1}, Sized({0x40, 0, 0, 1}), Sized({'r', 'e', 'f'})}));
  EXPECT_EQ(secret.handle, TPM2_HANDLE{TPM2_RH_OWNER});
  EXPECT_EQ(secret.name.size, 4);
  EXPECT_EQ(secret.policy_ref.size, 3);

  const auto by = ReadOne<PolicySigned>(TPM2_CC_PolicySigned, Join({kPublic, Sized({})}));
  EXPECT_EQ(by.key.publicArea.type, TPM2_ALG_ECC);
  EXPECT_EQ(by.policy_ref.size, 0);

  const auto either = ReadOne<PolicyOr>(
      TPM2_CC_PolicyOR, Join({{0, 0, 0, 2}, Sized(Bytes(32, 6)), Sized(Bytes(32, 7))}));
  EXPECT_EQ(either.branches.count, 2U);

  const auto command = ReadOne<PolicyCommandCode>(TPM2_CC_PolicyCommandCode, {0, 0, 0x01, 0x5d});
  EXPECT_EQ(command.code, TPM2_CC{TPM2_CC_Sign});
}

TEST_F(PolicyTest, ReadsPolicyAuthorizeWithAndWithoutSignature) {
  const Bytes key = Join({kPublic, Sized({})});
  EXPECT_FALSE(ReadOne<PolicyAuthorize>(TPM2_CC_PolicyAuthorize, key).signature);
  EXPECT_FALSE(
      ReadOne<PolicyAuthorize>(TPM2_CC_PolicyAuthorize, Join({key, kNoSignature})).signature);
  const auto authorize = ReadOne<PolicyAuthorize>(TPM2_CC_PolicyAuthorize, Join({key, kEcdsa}));
  ASSERT_TRUE(authorize.signature);
  EXPECT_EQ(authorize.signature->sigAlg, TPM2_ALG_ECDSA);
}

TEST_F(PolicyTest, RefusesEveryTruncationOfABody) {
  const std::pair<std::uint16_t, Bytes> bodies[] = {
      {TPM2_CC_PolicyPCR, kPcrs},
      {TPM2_CC_PolicySecret, Join({{0x40, 0, 0, 1}, Sized({0x40, 0, 0, 1}), Sized({1})})},
      {TPM2_CC_PolicySigned, Join({kPublic, Sized({1})})},
      {TPM2_CC_PolicyOR, Join({{0, 0, 0, 2}, Sized(Bytes(32, 6)), Sized(Bytes(32, 7))})},
      {TPM2_CC_PolicyCommandCode, {0, 0, 0x01, 0x5d}},
  };
  for (const auto& [code, body] : bodies) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Bytes truncated(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
      ExpectRefused(Read({Step(code, truncated)}), ErrorCode::kMalformed, "the body of Policy");
    }
    Bytes longer = body;
    longer.push_back(0);
    ExpectRefused(Read({Step(code, longer)}), ErrorCode::kMalformed, "the body of Policy");
  }
}

TEST_F(PolicyTest, SurvivesEveryChangedByte) {
  Bytes sequence =
      Tlv(0x30, Join({Step(TPM2_CC_PolicyPCR, kPcrs),
                      Step(TPM2_CC_PolicyAuthorize, Join({kPublic, Sized({}), kEcdsa}))}));
  for (std::uint8_t& byte : sequence) {
    const std::uint8_t before = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<std::uint8_t>(value);
      static_cast<void>(ReadPolicy(Field(sequence)));
      static_cast<void>(ReadSignedPolicies(Field(sequence)));
    }
    byte = before;
  }
}

TEST_F(PolicyTest, RefusesOtherCommandsByTheirNames) {
  ExpectRefused(Read({Step(TPM2_CC_PolicyNV, {})}), ErrorCode::kKeyUnusable,
                "its policy wants PolicyNV, which is not supported");
  ExpectRefused(Read({Step(TPM2_CC_PolicyCounterTimer, {})}), ErrorCode::kKeyUnusable,
                "PolicyCounterTimer");
  ExpectRefused(Read({Step(TPM2_CC_Sign, {})}), ErrorCode::kKeyUnusable, "0x15d");
}

TEST_F(PolicyTest, BoundsTheNumberOfSteps) {
  const Bytes step = Step(TPM2_CC_PolicyAuthValue, {});
  Bytes many;
  for (int i = 0; i < 32; ++i) many.insert(many.end(), step.begin(), step.end());
  EXPECT_TRUE(Read({many}));
  ExpectRefused(Read({many, step}), ErrorCode::kMalformed, "its steps");
}

TEST_F(PolicyTest, ReadsSignedPolicies) {
  const Bytes authorize = Step(TPM2_CC_PolicyAuthorize, Join({kPublic, Sized({}), kEcdsa}));
  const Bytes steps = Tlv(0xa1, Tlv(0x30, Join({Step(TPM2_CC_PolicyAuthValue, {}), authorize})));
  const Bytes name = Tlv(0xa0, Tlv(0x0c, {'n', 'o', 'w', '\n'}));
  const Bytes sequence = Tlv(0x30, Join({Tlv(0x30, Join({name, steps})), Tlv(0x30, steps)}));
  const auto policies = ReadSignedPolicies(Field(sequence));
  ASSERT_TRUE(policies) << policies.error().message;
  ASSERT_EQ(policies->size(), 2U);
  EXPECT_EQ((*policies)[0].name, "now");
  EXPECT_EQ((*policies)[1].name, "");
  EXPECT_EQ((*policies)[1].steps.size(), 2U);

  Policy policy;
  policy.signed_policies = *policies;
  EXPECT_TRUE(policy.NeedsAuthValue());
}

TEST_F(PolicyTest, RefusesSignedPoliciesWithoutSignature) {
  const Bytes unsigned_step =
      Step(TPM2_CC_PolicyAuthorize, Join({kPublic, Sized({}), kNoSignature}));
  for (const Bytes& last : {unsigned_step, Step(TPM2_CC_PolicyAuthValue, {}), Bytes()}) {
    const Bytes sequence = Tlv(0x30, Tlv(0x30, Tlv(0xa1, Tlv(0x30, last))));
    const auto policies = ReadSignedPolicies(Field(sequence));
    ASSERT_FALSE(policies);
    EXPECT_EQ(policies.error().code, ErrorCode::kMalformed);
  }
}

}  // namespace
}  // namespace credmint::tpm2
