// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/tss2_key_writer.h"

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <array>
#include <initializer_list>
#include <optional>

#include "ossl/der_element.h"
#include "tpm2/device/structure_writer.h"
#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

constexpr std::uint8_t kExplicit = 0xa0;  // the tag of field [0]
constexpr std::uint8_t kEmptyAuthField = kExplicit;
constexpr std::uint8_t kPolicyField = kExplicit + 1;
constexpr std::uint8_t kCodeField = kExplicit;
constexpr std::uint8_t kBodyField = kExplicit + 1;

constexpr auto kLoadableKey =
    std::to_array<std::uint8_t>({kDerIdentifier, 6, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x03});
constexpr auto kYes = std::to_array<std::uint8_t>({kDerBoolean, 1, 0xff});

/// In this namespace, DerElement is what a DerReader reads.
Bytes Element(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  return credmint::DerElement(tag, parts);
}

/// An INTEGER, which is positive: a zero byte precedes a set highest bit.
Bytes DerNumber(UINT32 value) {
  Bytes digits;
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    const auto digit = static_cast<std::uint8_t>(value >> (shift - 8));
    if (digit != 0 || !digits.empty()) digits.push_back(digit);
  }
  if (digits.empty() || digits.front() >= 0x80) digits.insert(digits.begin(), 0);
  return Element(kDerInteger, {digits});
}

Bytes EncodeStep(TPM2_CC code, const Bytes& body) {
  return Element(kDerSequence, {Element(kCodeField, {DerNumber(code)}),
                                Element(kBodyField, {Element(kDerOctetString, {body})})});
}

std::optional<Bytes> EncodeStep(const PolicyStep& step) {
  if (std::holds_alternative<PolicyAuthValue>(step)) {
    return EncodeStep(TPM2_CC_PolicyAuthValue, {});
  }
  const auto* pcr = std::get_if<PolicyPcr>(&step);
  Bytes body;
  if (pcr == nullptr || !AppendStructure(body, Tss2().Tss2_MU_TPM2B_DIGEST_Marshal, pcr->digest) ||
      !AppendStructure(body, Tss2().Tss2_MU_TPML_PCR_SELECTION_Marshal, pcr->selection)) {
    return std::nullopt;
  }
  return EncodeStep(TPM2_CC_PolicyPCR, body);
}

/// The field, or nothing without a policy.
std::optional<Bytes> EncodePolicy(const Policy& policy) {
  if (policy.empty()) return Bytes();
  Bytes steps;
  for (const PolicyStep& step : policy.steps) {
    const auto encoded = EncodeStep(step);
    if (!encoded) return std::nullopt;
    steps.insert(steps.end(), encoded->begin(), encoded->end());
  }
  return Element(kPolicyField, {Element(kDerSequence, {steps})});
}

std::optional<Bytes> EncodeKey(const Tss2KeyFile& key) {
  const auto policy = EncodePolicy(key.policy);
  Bytes public_area;
  Bytes private_area;
  if (!policy || key.import_seed || key.rsa_parent || !key.policy.signed_policies.empty() ||
      !AppendStructure(public_area, Tss2().Tss2_MU_TPM2B_PUBLIC_Marshal, key.public_area) ||
      !AppendStructure(private_area, Tss2().Tss2_MU_TPM2B_PRIVATE_Marshal, key.private_area)) {
    return std::nullopt;
  }
  const Bytes empty_auth = key.empty_auth ? Element(kEmptyAuthField, {kYes}) : Bytes();
  return Element(kDerSequence, {kLoadableKey, empty_auth, *policy, DerNumber(key.parent),
                                Element(kDerOctetString, {public_area}),
                                Element(kDerOctetString, {private_area})});
}

}  // namespace

Result<std::string> WriteTss2KeyFile(const Tss2KeyFile& key) {
  const auto der = EncodeKey(key);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!der || !bio ||
      PEM_write_bio(bio.get(), std::string(kTss2PemLabel).c_str(), "", der->data(),
                    static_cast<long>(der->size())) <= 0) {
    return Fail(ErrorCode::kInternal, "the TPM key file cannot be written");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace credmint::tpm2
