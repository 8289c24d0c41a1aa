// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/capability.h"

#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

constexpr UINT32 kHandlesAtOnce = 64;

struct Page {
  TPMS_CAPABILITY_DATA data{};
  bool more = false;
};

TpmResult<Page> GetCapability(Tpm& tpm, TPM2_CAP capability, UINT32 first, UINT32 count) {
  TPMI_YES_NO more = TPM2_NO;
  TPMS_CAPABILITY_DATA* data = nullptr;
  const auto got = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, capability,
                                     first, count, &more, &data);
  });
  const Handle<TPMS_CAPABILITY_DATA, EsysFree> owner(data);
  if (!got) return Fail(got);
  // A list of another kind has another length; reading it would overrun its end.
  if (data->capability != capability) return Fail(TpmFailure(TSS2_ESYS_RC_MALFORMED_RESPONSE));
  return Page{*data, more == TPM2_YES};
}

}  // namespace

TpmResult<std::vector<TPM2_HANDLE>> ListHandles(Tpm& tpm, TPM2_HANDLE first) {
  const TPM2_HANDLE range = first & TPM2_HR_RANGE_MASK;
  std::vector<TPM2_HANDLE> handles;
  for (TPM2_HANDLE next = first;;) {
    const auto page = GetCapability(tpm, TPM2_CAP_HANDLES, next, kHandlesAtOnce);
    if (!page) return Fail(page);
    const TPML_HANDLE& list = page->data.data.handles;
    for (UINT32 i = 0; i < list.count; ++i) {
      if ((list.handle[i] & TPM2_HR_RANGE_MASK) == range) handles.push_back(list.handle[i]);
    }
    // Do not loop for ever if the TPM promises more handles but returns no new ones.
    const bool progress = !handles.empty() && handles.back() >= next;
    if (!page->more || !progress) return handles;
    next = handles.back() + 1;
  }
}

TpmResult<std::map<TPM2_PT, UINT32>> ReadProperties(Tpm& tpm, TPM2_PT first, UINT32 count) {
  const auto page = GetCapability(tpm, TPM2_CAP_TPM_PROPERTIES, first, count);
  if (!page) return Fail(page);
  const TPML_TAGGED_TPM_PROPERTY& list = page->data.data.tpmProperties;
  std::map<TPM2_PT, UINT32> properties;
  for (UINT32 i = 0; i < list.count; ++i) {
    properties[list.tpmProperty[i].property] = list.tpmProperty[i].value;
  }
  return properties;
}

}  // namespace credmint::tpm2
