// SPDX-License-Identifier: Apache-2.0
#include "tpm2/attesting/endorsement_key.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "tpm2/device/capability.h"
#include "tpm2/device/nv_certificates.h"
#include "tpm2/device/nv_index.h"
#include "tpm2/policy/policy_session.h"
#include "tpm2/signing/hierarchy_failure.h"
#include "tpm2/signing/parent.h"

namespace credmint::tpm2 {

/// A template of the TCG EK Credential Profile (version 2.5, annex B.3 and B.4), and the NV index
/// of the certificate for its key.
struct EndorsementTemplate {
  TPM2_HANDLE certificate;
  TPMI_ALG_PUBLIC type;
  TPMI_ALG_HASH name_hash;
  UINT16 aes_bits;
  UINT16 size;                   ///< bits of an RSA modulus, or the curve
  bool is_low;                   ///< of the low range: usable only under its policy, and padded
  std::span<const BYTE> policy;  ///< the digest
};

namespace {

using provider::DigestTable;

// PolicySecret of the endorsement hierarchy, and PolicyB of the profile. They are constants of the
// profile.
constexpr auto kPolicyA =
    std::to_array<BYTE>({0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
                         0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
                         0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa});
constexpr auto kPolicyB256 =
    std::to_array<BYTE>({0xca, 0x3d, 0x0a, 0x99, 0xa2, 0xb9, 0x39, 0x06, 0xf7, 0xa3, 0x34,
                         0x24, 0x14, 0xef, 0xcf, 0xb3, 0xa3, 0x85, 0xd4, 0x4c, 0xd1, 0xfd,
                         0x45, 0x90, 0x89, 0xd1, 0x9b, 0x50, 0x71, 0xc0, 0xb7, 0xa0});
constexpr auto kPolicyB384 =
    std::to_array<BYTE>({0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc,
                         0xf5, 0xfd, 0x3a, 0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4,
                         0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47, 0xba, 0x09,
                         0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12});

constexpr UINT16 kRsa = 2048;
constexpr UINT16 kLowCoordinate = 32;  // bytes, of P-256

// In the order in which a certificate is looked for.
constexpr EndorsementTemplate kTemplates[] = {
    {0x01c0000a, TPM2_ALG_ECC, TPM2_ALG_SHA256, 128, TPM2_ECC_NIST_P256, true, kPolicyA},
    {0x01c00014, TPM2_ALG_ECC, TPM2_ALG_SHA256, 128, TPM2_ECC_NIST_P256, false, kPolicyB256},
    {0x01c00016, TPM2_ALG_ECC, TPM2_ALG_SHA384, 256, TPM2_ECC_NIST_P384, false, kPolicyB384},
    {0x01c00002, TPM2_ALG_RSA, TPM2_ALG_SHA256, 128, kRsa, true, kPolicyA},
    {0x01c00012, TPM2_ALG_RSA, TPM2_ALG_SHA256, 128, kRsa, false, kPolicyB256},
};

constexpr TPM2_HANDLE kFirstCertificate = 0x01c00000;
constexpr TPM2_HANDLE kFirstOfChain = 0x01c00100;
constexpr TPM2_HANDLE kLastOfChain = 0x01c001ff;

constexpr TPMA_OBJECT kEndorsement = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                     TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                                     TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

TPM2B_PUBLIC EndorsementArea(const EndorsementTemplate& made_from) {
  TPM2B_PUBLIC area{};
  TPMT_PUBLIC& contents = area.publicArea;
  contents.type = made_from.type;
  contents.nameAlg = made_from.name_hash;
  contents.objectAttributes = kEndorsement | (made_from.is_low ? 0U : TPMA_OBJECT_USERWITHAUTH);
  contents.authPolicy.size = static_cast<UINT16>(made_from.policy.size());
  std::copy(made_from.policy.begin(), made_from.policy.end(), contents.authPolicy.buffer);
  TPMS_ASYM_PARMS& parameters = contents.parameters.asymDetail;
  parameters.symmetric.algorithm = TPM2_ALG_AES;
  parameters.symmetric.keyBits.aes = made_from.aes_bits;
  parameters.symmetric.mode.aes = TPM2_ALG_CFB;
  if (made_from.type == TPM2_ALG_RSA) {
    contents.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    contents.parameters.rsaDetail.keyBits = made_from.size;
    if (made_from.is_low) contents.unique.rsa.size = made_from.size / 8U;
    return area;
  }
  contents.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  contents.parameters.eccDetail.curveID = made_from.size;
  contents.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  if (made_from.is_low) contents.unique.ecc.x.size = contents.unique.ecc.y.size = kLowCoordinate;
  return area;
}

Result<Bytes> ReadIndex(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE index, DigestTable& digests) {
  const auto opened = NvIndex::Open(tpm, index, digests);
  if (!opened) return Fail(opened);
  return opened->Read({}, Secret());
}

/// The issuers that the manufacturer stored, one certificate after the other in consecutive
/// indices. Empty if they cannot be read: a verifier may have them from elsewhere.
std::vector<Bytes> ReadIssuers(const std::shared_ptr<Tpm>& tpm,
                               const std::vector<TPM2_HANDLE>& indices, DigestTable& digests) {
  Bytes all;
  for (const TPM2_HANDLE index : indices) {
    if (index < kFirstOfChain || index > kLastOfChain) continue;
    const auto part = ReadIndex(tpm, index, digests);
    if (!part) return {};
    all.insert(all.end(), part->begin(), part->end());
  }
  if (all.empty()) return {};
  auto issuers = CertificatesInNv(all);
  return issuers ? *std::move(issuers) : std::vector<Bytes>();
}

/// The auth value of the endorsement hierarchy, as a policy asks for it.
Policy EndorsementPolicy() {
  constexpr TPM2_HANDLE kHierarchy = TPM2_RH_ENDORSEMENT;
  PolicySecret step{.handle = kHierarchy};
  step.name.size = sizeof kHierarchy;
  for (unsigned i = 0; i < sizeof kHierarchy; ++i) {
    step.name.name[i] = static_cast<BYTE>(kHierarchy >> (24 - 8 * i));
  }
  Policy policy;
  policy.steps.emplace_back(step);
  return policy;
}

}  // namespace

Result<EndorsementKey> EndorsementKey::Find(const std::shared_ptr<Tpm>& tpm, DigestTable& digests) {
  const auto hold = tpm->Hold();
  const auto indices = ListHandles(*tpm, kFirstCertificate);
  if (!indices) return Fail(indices, "asking the TPM for its NV indices");
  for (const EndorsementTemplate& candidate : kTemplates) {
    const bool has =
        std::find(indices->begin(), indices->end(), candidate.certificate) != indices->end();
    if (!has) continue;
    const auto contents = ReadIndex(tpm, candidate.certificate, digests);
    if (!contents) return Fail(contents, "reading the TPM's certificate");
    auto certificates = CertificatesInNv(*contents);
    if (!certificates) return Fail(std::move(certificates), "reading the TPM's certificate");
    for (Bytes& issuer : ReadIssuers(tpm, *indices, digests)) {
      certificates->push_back(std::move(issuer));
    }
    return EndorsementKey(candidate, *std::move(certificates));
  }
  return Fail(ErrorCode::kKeyNotFound,
              "the TPM holds no certificate of its manufacturer for an endorsement key",
              "tpm2_getcap handles-nv-index shows what it holds; certificates are in 0x01c00002, "
              "0x01c0000a, 0x01c00012, 0x01c00014 or 0x01c00016");
}

Result<TpmObject> EndorsementKey::Create(const std::shared_ptr<Tpm>& tpm,
                                         const Secret& auth) const {
  TPM2B_PUBLIC area = EndorsementArea(*template_);
  auto key = CreatePrimary(tpm, TPM2_RH_ENDORSEMENT, auth, area);
  if (!key) return Fail(HierarchyFailure(TPM2_RH_ENDORSEMENT, key.error(), auth));
  return *std::move(key);
}

Result<AuthSession> EndorsementKey::Authorize(const std::shared_ptr<Tpm>& tpm,
                                              const Secret& auth) const {
  if (!template_->is_low) return AuthSession();
  auto session = StartPolicySession(tpm, template_->name_hash, Secret(), {});
  if (!session) return Fail(session, "starting a TPM session");
  const PolicyCredentials credentials{auth.Clone(), nullptr, nullptr};
  const auto taken = SatisfyPolicy(tpm, session->handle(), EndorsementPolicy(), credentials);
  if (!taken) return Fail(taken);
  return *std::move(session);
}

}  // namespace credmint::tpm2
