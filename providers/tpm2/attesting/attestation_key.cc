// SPDX-License-Identifier: Apache-2.0
#include "tpm2/attesting/attestation_key.h"

#include "tpm2/signing/hierarchy_failure.h"
#include "tpm2/signing/parent.h"

namespace credmint::tpm2 {
namespace {

constexpr TPMA_OBJECT kAttesting =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;

/// Another template would make another key, which an earlier challenge does not fit.
TPM2B_PUBLIC AttestationArea() {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_ECC;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kAttesting;
  TPMS_ECC_PARMS& parameters = area.publicArea.parameters.eccDetail;
  parameters.symmetric.algorithm = TPM2_ALG_NULL;
  parameters.scheme.scheme = TPM2_ALG_ECDSA;
  parameters.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  parameters.curveID = TPM2_ECC_NIST_P256;
  parameters.kdf.scheme = TPM2_ALG_NULL;
  return area;
}

}  // namespace

Result<AttestationKey> CreateAttestationKey(const std::shared_ptr<Tpm>& tpm, const Secret& auth) {
  TPM2B_PUBLIC area = AttestationArea();
  auto object = CreatePrimary(tpm, TPM2_RH_ENDORSEMENT, auth, area);
  if (object) return AttestationKey{*std::move(object), area};
  return Fail(
      HierarchyFailure(TPM2_RH_ENDORSEMENT, object.error(), auth).In("making the attestation key"));
}

}  // namespace credmint::tpm2
