// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/tss2_key_writer.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include <array>

#include "ossl/der_element.h"
#include "ossl/der_reader.h"
#include "tpm2/device/tpm_writer.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/keyfile/der_number.h"
#include "tpm2/policy/policy_writer.h"

namespace credmint::tpm2 {
namespace {

constexpr std::uint8_t kEmptyAuthField = kDerExplicit;
constexpr std::uint8_t kPolicyField = kDerExplicit + 1;
constexpr int kSignedPoliciesTag = 3;
constexpr std::uint8_t kSignedPoliciesField = kDerExplicit + kSignedPoliciesTag;

constexpr auto kLoadableKey =
    std::to_array<std::uint8_t>({kDerIdentifier, 6, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x03});
constexpr auto kYes = std::to_array<std::uint8_t>({kDerBoolean, 1, 0xff});

tl::unexpected<Error> CannotWrite() {
  return Fail(ErrorCode::kInternal, "the TPM key file cannot be written");
}

Result<Bytes> EncodeKey(const Tss2KeyFile& key) {
  const auto policy = EncodePolicy(key.policy.steps);
  if (!policy) return Fail(policy);
  TpmWriter public_area;
  TpmWriter private_area;
  public_area.Write(Tss2().Tss2_MU_TPM2B_PUBLIC_Marshal, key.public_area);
  private_area.Write(Tss2().Tss2_MU_TPM2B_PRIVATE_Marshal, key.private_area);
  const bool is_simple = !key.import_seed && !key.rsa_parent && key.policy.signed_policies.empty();
  if (!is_simple || !public_area.good() || !private_area.good()) return CannotWrite();
  const Bytes empty_auth = key.empty_auth ? DerElement(kEmptyAuthField, {kYes}) : Bytes();
  const Bytes policy_field = key.policy.empty() ? Bytes() : DerElement(kPolicyField, {*policy});
  return DerElement(kDerSequence, {kLoadableKey, empty_auth, policy_field, DerNumber(key.parent),
                                   DerElement(kDerOctetString, {public_area.bytes()}),
                                   DerElement(kDerOctetString, {private_area.bytes()})});
}

Result<std::string> ToPem(const Bytes& der) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio(bio.get(), std::string(kTss2PemLabel).c_str(), "", der.data(),
                            static_cast<long>(der.size())) <= 0) {
    return CannotWrite();
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

/// The parts of a key file around its signed policies, as they are.
struct AroundSigned {
  Bytes before;
  ByteView earlier;  ///< the signed policies
  Bytes after;
};

void AppendTo(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

AroundSigned TakeApart(ByteView der) {
  AroundSigned parts;
  const auto sequence = DerReader(der).Next(V_ASN1_SEQUENCE);
  DerReader reader(sequence.value_or(ByteView()));
  while (const auto element = reader.Next()) {
    const bool is_field = element->tag_class == V_ASN1_CONTEXT_SPECIFIC;
    if (is_field && element->tag == kSignedPoliciesTag) {
      parts.earlier = element->Inside(V_ASN1_SEQUENCE).value_or(ByteView());
      continue;
    }
    const bool is_before = parts.before.empty() || (is_field && element->tag < kSignedPoliciesTag);
    AppendTo(is_before ? parts.before : parts.after, element->whole);
  }
  return parts;
}

}  // namespace

Result<std::string> PutSignedPolicy(const Tss2KeyFile& key, const SignedPolicy& policy,
                                    bool keep_old) {
  if (keep_old && key.policy.signed_policies.size() >= kMostSignedPolicies) {
    return Fail(ErrorCode::kUsage,
                fmt::format("the key file has {} signed policies already", kMostSignedPolicies),
                "replace them by the new one");
  }
  const auto signed_policy = EncodeSignedPolicy(policy);
  if (!signed_policy) return Fail(signed_policy);
  const AroundSigned parts = TakeApart(key.der);
  const ByteView kept = keep_old ? parts.earlier : ByteView();
  const Bytes field =
      DerElement(kSignedPoliciesField, {DerElement(kDerSequence, {*signed_policy, kept})});
  return ToPem(DerElement(kDerSequence, {parts.before, field, parts.after}));
}

Result<std::string> CopyTss2KeyFile(const Tss2KeyFile& key) { return ToPem(key.der); }

Result<std::string> WriteTss2KeyFile(const Tss2KeyFile& key) {
  const auto der = EncodeKey(key);
  if (!der) return Fail(der);
  return ToPem(*der);
}

}  // namespace credmint::tpm2
