// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/parent.h"

#include "tpm2/device/handle_uri.h"
#include "tpm2/device/hierarchy.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {
namespace {

constexpr TPMA_OBJECT kStorageKey = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                    TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
constexpr UINT16 kRsaBits = 2048;

/// Every byte of the template determines the resulting key. A key that the standard primary wrapped
/// cannot be loaded under any other. The unique fields stay at size zero.
TPM2B_PUBLIC PrimaryTemplate(bool rsa) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = rsa ? TPM2_ALG_RSA : TPM2_ALG_ECC;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kStorageKey;
  TPMS_ASYM_PARMS& parameters = area.publicArea.parameters.asymDetail;
  parameters.symmetric.algorithm = TPM2_ALG_AES;
  parameters.symmetric.keyBits.aes = kAesBits;
  parameters.symmetric.mode.aes = TPM2_ALG_CFB;
  if (rsa) {
    area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    area.publicArea.parameters.rsaDetail.keyBits = kRsaBits;
    return area;
  }
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
  area.publicArea.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  return area;
}

TpmResult<TpmObject> CreatePrimaryIn(const std::shared_ptr<Tpm>& tpm, ESYS_TR hierarchy,
                                     ESYS_TR session, TPM2B_PUBLIC& area) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside_info{};
  const TPML_PCR_SELECTION creation_pcr{};
  TPM2B_PUBLIC* made = nullptr;
  auto object = TpmObject::Load(tpm, [&](ESYS_CONTEXT* esys, ESYS_TR* handle) {
    return Tss2().Esys_CreatePrimary(esys, hierarchy, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &sensitive, &area, &outside_info, &creation_pcr, handle, &made,
                                     nullptr, nullptr, nullptr);
  });
  const Handle<TPM2B_PUBLIC, EsysFree> owner(made);
  if (object) area = *made;
  return object;
}

}  // namespace

TpmResult<TpmObject> CreatePrimary(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE hierarchy,
                                   const Secret& auth, TPM2B_PUBLIC& area) {
  const auto hold = tpm->Hold();
  const ESYS_TR authoriser = FindHierarchy(hierarchy)->esys;
  const auto session = SessionFor(tpm, auth, {});
  if (!session) return Fail(session);
  if (auto set = SetAuth(*tpm, authoriser, auth); !set) return Fail(set);
  return CreatePrimaryIn(tpm, authoriser, session->handle(), area);
}

TpmResult<TpmObject> OpenParent(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE parent, bool rsa,
                                const Secret& auth) {
  if (IsPersistent(parent)) {
    auto object = TpmObject::Open(tpm, parent);
    if (!object) return object;
    if (auto set = SetAuth(*tpm, object->handle(), auth); !set) return Fail(set);
    return object;
  }
  TPM2B_PUBLIC area = PrimaryTemplate(rsa);
  return CreatePrimary(tpm, parent, auth, area);
}

// Clears a value that someone set for the null hierarchy, because the password session would send
// it in clear.
TpmResult<TpmObject> CreateSaltKey(const std::shared_ptr<Tpm>& tpm) {
  const auto hold = tpm->Hold();
  if (auto set = SetAuth(*tpm, ESYS_TR_RH_NULL, Secret()); !set) {
    return Fail(set);
  }
  TPM2B_PUBLIC area = PrimaryTemplate(false);
  return CreatePrimaryIn(tpm, ESYS_TR_RH_NULL, ESYS_TR_PASSWORD, area);
}

}  // namespace credmint::tpm2
