// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy.h"

#include <fmt/format.h>
#include <openssl/asn1.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "tpm2/device/tpm_reader.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/keyfile/der_number.h"

namespace credmint::tpm2 {
namespace {

constexpr std::size_t kMaxName = 64;

constexpr int kNameTag = 0;
constexpr int kPolicyTag = 1;
constexpr int kCodeTag = 0;
constexpr int kBodyTag = 1;

constexpr std::pair<TPM2_CC, const char*> kNames[] = {
    {TPM2_CC_PolicyAuthorize, "PolicyAuthorize"},
    {TPM2_CC_PolicyAuthorizeNV, "PolicyAuthorizeNV"},
    {TPM2_CC_PolicyAuthValue, "PolicyAuthValue"},
    {TPM2_CC_PolicyCommandCode, "PolicyCommandCode"},
    {TPM2_CC_PolicyCounterTimer, "PolicyCounterTimer"},
    {TPM2_CC_PolicyCpHash, "PolicyCpHash"},
    {TPM2_CC_PolicyDuplicationSelect, "PolicyDuplicationSelect"},
    {TPM2_CC_PolicyLocality, "PolicyLocality"},
    {TPM2_CC_PolicyNameHash, "PolicyNameHash"},
    {TPM2_CC_PolicyNV, "PolicyNV"},
    {TPM2_CC_PolicyNvWritten, "PolicyNvWritten"},
    {TPM2_CC_PolicyOR, "PolicyOR"},
    {TPM2_CC_PolicyPassword, "PolicyPassword"},
    {TPM2_CC_PolicyPCR, "PolicyPCR"},
    {TPM2_CC_PolicyPhysicalPresence, "PolicyPhysicalPresence"},
    {TPM2_CC_PolicySecret, "PolicySecret"},
    {TPM2_CC_PolicySigned, "PolicySigned"},
    {TPM2_CC_PolicyTemplate, "PolicyTemplate"},
    {TPM2_CC_PolicyTicket, "PolicyTicket"},
};

std::string NameOf(TPM2_CC code) {
  for (const auto& [known, name] : kNames) {
    if (known == code) return name;
  }
  return fmt::format("0x{:x}", code);
}

tl::unexpected<Error> MalformedPolicy(std::string_view what) {
  return Fail(ErrorCode::kMalformed, fmt::format("its policy makes no sense: {}", what));
}

using StepReader = bool (*)(TpmReader&, PolicyStep&);

bool ReadPcr(TpmReader& body, PolicyStep& step) {
  PolicyPcr pcr;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_DIGEST_Unmarshal, pcr.digest)) return false;
  if (!body.Read(Tss2().Tss2_MU_TPML_PCR_SELECTION_Unmarshal, pcr.selection)) return false;
  step = pcr;
  return true;
}

bool ReadAuthValue(TpmReader& /*body*/, PolicyStep& step) {
  step = PolicyAuthValue{};
  return true;
}

bool ReadSecret(TpmReader& body, PolicyStep& step) {
  PolicySecret secret;
  if (!body.Read(Tss2().Tss2_MU_UINT32_Unmarshal, secret.handle)) return false;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_NAME_Unmarshal, secret.name)) return false;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_DIGEST_Unmarshal, secret.policy_ref)) return false;
  step = secret;
  return true;
}

bool ReadSigned(TpmReader& body, PolicyStep& step) {
  PolicySigned by;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_PUBLIC_Unmarshal, by.key)) return false;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_DIGEST_Unmarshal, by.policy_ref)) return false;
  step = by;
  return true;
}

bool ReadAuthorize(TpmReader& body, PolicyStep& step) {
  PolicyAuthorize authorize;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_PUBLIC_Unmarshal, authorize.key)) return false;
  if (!body.Read(Tss2().Tss2_MU_TPM2B_DIGEST_Unmarshal, authorize.policy_ref)) return false;
  if (!body.AtEnd()) {
    TPMT_SIGNATURE signature{};
    if (!body.Read(Tss2().Tss2_MU_TPMT_SIGNATURE_Unmarshal, signature)) return false;
    if (signature.sigAlg != TPM2_ALG_NULL) authorize.signature = signature;
  }
  step = authorize;
  return true;
}

bool ReadOr(TpmReader& body, PolicyStep& step) {
  PolicyOr alternatives;
  if (!body.Read(Tss2().Tss2_MU_TPML_DIGEST_Unmarshal, alternatives.branches)) return false;
  step = alternatives;
  return true;
}

bool ReadCommandCode(TpmReader& body, PolicyStep& step) {
  PolicyCommandCode command;
  if (!body.Read(Tss2().Tss2_MU_UINT32_Unmarshal, command.code)) return false;
  step = command;
  return true;
}

StepReader ReaderOf(TPM2_CC code) {
  switch (code) {
    case TPM2_CC_PolicyPCR:
      return ReadPcr;
    case TPM2_CC_PolicyAuthValue:
    case TPM2_CC_PolicyPassword:
      return ReadAuthValue;
    case TPM2_CC_PolicySecret:
      return ReadSecret;
    case TPM2_CC_PolicySigned:
      return ReadSigned;
    case TPM2_CC_PolicyAuthorize:
      return ReadAuthorize;
    case TPM2_CC_PolicyOR:
      return ReadOr;
    case TPM2_CC_PolicyCommandCode:
      return ReadCommandCode;
    default:
      return nullptr;
  }
}

Result<PolicyStep> ReadStep(DerReader reader) {
  const auto code_field = reader.NextContextTag();
  const auto body_field = reader.NextContextTag();
  if (!code_field || code_field->tag != kCodeTag || !body_field || body_field->tag != kBodyTag) {
    return MalformedPolicy("a step has no command and body");
  }
  const auto integer = code_field->Inside(V_ASN1_INTEGER);
  const TPM2_CC code = integer ? ReadUint32(*integer).value_or(0) : 0;
  const auto contents = body_field->Inside(V_ASN1_OCTET_STRING);
  if (code == 0 || !contents) return MalformedPolicy("a step has no command and body");
  return ReadPolicyStep(code, *contents);
}

bool WantsAuthValue(const PolicySteps& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const PolicyStep& step) {
    return std::holds_alternative<PolicyAuthValue>(step);
  });
}

/// Whether a step is a placeholder for a signed policy, which a signed policy must not contain
/// itself.
bool IsUnsigned(const PolicyStep& step) {
  const auto* authorize = std::get_if<PolicyAuthorize>(&step);
  return authorize != nullptr && !authorize->signature;
}

Result<SignedPolicy> ReadSignedPolicy(DerReader reader) {
  SignedPolicy policy;
  auto field = reader.NextContextTag();
  if (field && field->tag == kNameTag) {
    const auto name = field->Inside(V_ASN1_UTF8STRING);
    if (!name) return MalformedPolicy("the name of a signed policy");
    policy.name = Printable({reinterpret_cast<const char*>(name->data()), name->size()}, kMaxName);
    field = reader.NextContextTag();
  }
  if (!field || field->tag != kPolicyTag) return MalformedPolicy("a signed policy has no steps");
  auto steps = ReadPolicy(*field);
  if (!steps) return Fail(std::move(steps));
  policy.steps = *std::move(steps);
  if (policy.steps.empty() || !std::holds_alternative<PolicyAuthorize>(policy.steps.back()) ||
      std::any_of(policy.steps.begin(), policy.steps.end(), IsUnsigned)) {
    return MalformedPolicy("a signed policy does not end with a signed PolicyAuthorize");
  }
  return policy;
}

}  // namespace

const PolicyAuthorize* Policy::Placeholder() const {
  return !steps.empty() && IsUnsigned(steps.front()) ? &std::get<PolicyAuthorize>(steps.front())
                                                     : nullptr;
}

bool Policy::NeedsAuthValue() const {
  return WantsAuthValue(steps) ||
         std::any_of(signed_policies.begin(), signed_policies.end(),
                     [](const SignedPolicy& one) { return WantsAuthValue(one.steps); });
}

Result<PolicyStep> ReadPolicyStep(TPM2_CC code, ByteView body) {
  const StepReader read = ReaderOf(code);
  if (read == nullptr) {
    return Fail(ErrorCode::kKeyUnusable,
                fmt::format("its policy wants {}, which is not supported", NameOf(code)),
                "supported are PolicyPCR, PolicyAuthValue, PolicyPassword, PolicySecret, "
                "PolicySigned, PolicyAuthorize, PolicyOR and PolicyCommandCode");
  }
  TpmReader reader(body);
  PolicyStep step;
  if (!read(reader, step) || !reader.AtEnd()) {
    return MalformedPolicy(fmt::format("the body of {}", NameOf(code)));
  }
  return step;
}

Result<PolicySteps> ReadPolicy(const DerItem& field) {
  const auto sequence = field.Inside(V_ASN1_SEQUENCE);
  if (!sequence) return MalformedPolicy("it is no sequence");
  PolicySteps steps;
  for (DerReader reader(*sequence); !reader.AtEnd();) {
    const auto element = reader.Next(V_ASN1_SEQUENCE);
    if (!element || steps.size() == kMostPolicySteps) return MalformedPolicy("its steps");
    auto step = ReadStep(DerReader(*element));
    if (!step) return Fail(std::move(step));
    steps.push_back(*std::move(step));
  }
  return steps;
}

Result<std::vector<SignedPolicy>> ReadSignedPolicies(const DerItem& field) {
  const auto sequence = field.Inside(V_ASN1_SEQUENCE);
  if (!sequence) return MalformedPolicy("the signed policies are no sequence");
  std::vector<SignedPolicy> policies;
  for (DerReader reader(*sequence); !reader.AtEnd();) {
    const auto element = reader.Next(V_ASN1_SEQUENCE);
    if (!element || policies.size() == kMostSignedPolicies)
      return MalformedPolicy("the signed policies");
    auto policy = ReadSignedPolicy(DerReader(*element));
    if (!policy) return Fail(std::move(policy));
    policies.push_back(*std::move(policy));
  }
  return policies;
}

}  // namespace credmint::tpm2
