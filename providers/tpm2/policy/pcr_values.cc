// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/pcr_values.h"

#include <openssl/evp.h>

#include <algorithm>

#include "tpm2/device/tss2_library.h"
#include "tpm2/policy/pcr_selection.h"

namespace credmint::tpm2 {
namespace {

/// Removes the PCRs that were read from those that are wanted. Returns whether there were any.
bool TakeOut(TPML_PCR_SELECTION& wanted, const TPML_PCR_SELECTION& done) {
  bool any = false;
  for (UINT32 i = 0; i < wanted.count; ++i) {
    TPMS_PCR_SELECTION& bank = wanted.pcrSelections[i];
    for (UINT32 j = 0; j < done.count; ++j) {
      const TPMS_PCR_SELECTION& read = done.pcrSelections[j];
      if (read.hash != bank.hash) continue;
      for (std::size_t byte = 0; byte < std::min(bank.sizeofSelect, read.sizeofSelect); ++byte) {
        any = any || (bank.pcrSelect[byte] & read.pcrSelect[byte]) != 0;
        bank.pcrSelect[byte] = static_cast<BYTE>(bank.pcrSelect[byte] & ~read.pcrSelect[byte]);
      }
    }
  }
  return any;
}

bool IsEmpty(const TPML_PCR_SELECTION& selection) {
  for (UINT32 i = 0; i < selection.count; ++i) {
    const TPMS_PCR_SELECTION& bank = selection.pcrSelections[i];
    const bool none = std::all_of(bank.pcrSelect, bank.pcrSelect + bank.sizeofSelect,
                                  [](BYTE bits) { return bits == 0; });
    if (!none) return false;
  }
  return true;
}

}  // namespace

Result<TPM2B_DIGEST> HashPcrs(Tpm& tpm, const TPML_PCR_SELECTION& selection,
                              provider::DigestTable& digests) {
  TPML_PCR_SELECTION wanted = selection;
  Bytes values;
  while (!IsEmpty(wanted)) {
    TPML_PCR_SELECTION* done = nullptr;
    TPML_DIGEST* some = nullptr;
    const auto read = tpm.Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_PCR_Read(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, nullptr,
                                  &done, &some);
    });
    const Handle<TPML_PCR_SELECTION, EsysFree> done_owner(done);
    const Handle<TPML_DIGEST, EsysFree> some_owner(some);
    if (!read) return Fail(read, "reading the PCRs");
    if (!TakeOut(wanted, *done)) {
      return Fail(ErrorCode::kUsage, "the TPM has no PCR " + NamePcrs(wanted),
                  "tpm2_pcrread shows the banks and PCRs that it has");
    }
    for (UINT32 i = 0; i < some->count; ++i) {
      const TPM2B_DIGEST& value = some->digests[i];
      values.insert(values.end(), value.buffer, value.buffer + value.size);
    }
  }
  const auto hash = digests.Find("SHA256");
  TPM2B_DIGEST digest{};
  unsigned int size = 0;
  if (!hash || EVP_Digest(values.data(), values.size(), digest.buffer, &size, (*hash)->md.get(),
                          nullptr) != 1) {
    return Fail(ErrorCode::kInternal, "OpenSSL cannot hash with SHA-256");
  }
  digest.size = static_cast<UINT16>(size);
  return digest;
}

}  // namespace credmint::tpm2
