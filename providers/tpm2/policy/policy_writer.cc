// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy_writer.h"

#include <utility>

#include "ossl/der_element.h"
#include "ossl/encoding.h"
#include "tpm2/device/tpm_writer.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/keyfile/der_number.h"

namespace credmint::tpm2 {
namespace {

constexpr std::uint8_t kNameField = kDerExplicit;
constexpr std::uint8_t kStepsField = kDerExplicit + 1;
constexpr std::uint8_t kCodeField = kDerExplicit;
constexpr std::uint8_t kBodyField = kDerExplicit + 1;

TPM2_CC WriteBody(const PolicyPcr& pcr, TpmWriter& body) {
  body.Write(Tss2().Tss2_MU_TPM2B_DIGEST_Marshal, pcr.digest)
      .Write(Tss2().Tss2_MU_TPML_PCR_SELECTION_Marshal, pcr.selection);
  return TPM2_CC_PolicyPCR;
}

TPM2_CC WriteBody(const PolicyAuthValue& /*step*/, TpmWriter& /*body*/) {
  return TPM2_CC_PolicyAuthValue;
}

TPM2_CC WriteBody(const PolicySecret& secret, TpmWriter& body) {
  body.Write(Tss2().Tss2_MU_UINT32_Marshal, secret.handle)
      .Write(Tss2().Tss2_MU_TPM2B_NAME_Marshal, secret.name)
      .Write(Tss2().Tss2_MU_TPM2B_DIGEST_Marshal, secret.policy_ref);
  return TPM2_CC_PolicySecret;
}

TPM2_CC WriteBody(const PolicySigned& by, TpmWriter& body) {
  body.Write(Tss2().Tss2_MU_TPM2B_PUBLIC_Marshal, by.key)
      .Write(Tss2().Tss2_MU_TPM2B_DIGEST_Marshal, by.policy_ref);
  return TPM2_CC_PolicySigned;
}

TPM2_CC WriteBody(const PolicyAuthorize& authorize, TpmWriter& body) {
  TPMT_SIGNATURE none{};
  none.sigAlg = TPM2_ALG_NULL;
  body.Write(Tss2().Tss2_MU_TPM2B_PUBLIC_Marshal, authorize.key)
      .Write(Tss2().Tss2_MU_TPM2B_DIGEST_Marshal, authorize.policy_ref)
      .Write(Tss2().Tss2_MU_TPMT_SIGNATURE_Marshal, authorize.signature.value_or(none));
  return TPM2_CC_PolicyAuthorize;
}

TPM2_CC WriteBody(const PolicyOr& alternatives, TpmWriter& body) {
  body.Write(Tss2().Tss2_MU_TPML_DIGEST_Marshal, alternatives.branches);
  return TPM2_CC_PolicyOR;
}

TPM2_CC WriteBody(const PolicyCommandCode& command, TpmWriter& body) {
  body.Write(Tss2().Tss2_MU_UINT32_Marshal, command.code);
  return TPM2_CC_PolicyCommandCode;
}

}  // namespace

Result<Bytes> EncodePolicy(const PolicySteps& steps) {
  Bytes encoded;
  for (const PolicyStep& step : steps) {
    TpmWriter body;
    const TPM2_CC code = std::visit([&](const auto& one) { return WriteBody(one, body); }, step);
    if (!body.good()) return Fail(ErrorCode::kInternal, "the policy cannot be written");
    const Bytes element = DerElement(
        kDerSequence, {DerElement(kCodeField, {DerNumber(code)}),
                       DerElement(kBodyField, {DerElement(kDerOctetString, {body.bytes()})})});
    encoded.insert(encoded.end(), element.begin(), element.end());
  }
  return DerElement(kDerSequence, {encoded});
}

Result<Bytes> EncodeSignedPolicy(const SignedPolicy& policy) {
  const auto steps = EncodePolicy(policy.steps);
  if (!steps) return Fail(steps);
  const Bytes name =
      policy.name.empty()
          ? Bytes()
          : DerElement(kNameField, {DerElement(kDerUtf8String, {AsBytes(policy.name)})});
  return DerElement(kDerSequence, {name, DerElement(kStepsField, {*steps})});
}

}  // namespace credmint::tpm2
