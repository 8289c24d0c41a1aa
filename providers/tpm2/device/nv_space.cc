// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_space.h"

#include <algorithm>

#include "tpm2/device/tss2_library.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {

template <typename Command>
TpmResult<void> NvSpace::RunAsOwner(Command command) const {
  const auto hold = tpm_->Hold();
  if (auto set = SetAuth(*tpm_, ESYS_TR_RH_OWNER, owner_auth_); !set) return set;
  const auto session = SessionFor(tpm_, owner_auth_, {});
  if (!session) return Fail(session);
  return tpm_->Run([&](ESYS_CONTEXT* esys) { return command(esys, session->handle()); });
}

TpmResult<void> NvSpace::Define(const TPMS_NV_PUBLIC& area) const {
  const TPM2B_AUTH no_auth{};
  TPM2B_NV_PUBLIC sized{};
  sized.nvPublic = area;
  ESYS_TR defined = ESYS_TR_NONE;
  auto done = RunAsOwner([&](ESYS_CONTEXT* esys, ESYS_TR session) {
    return Tss2().Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &no_auth, &sized, &defined);
  });
  if (done) tpm_->Release(defined);
  return done;
}

TpmResult<void> NvSpace::Undefine(TPM2_HANDLE index) const {
  const auto object = TpmObject::Open(tpm_, index);
  if (!object) return Fail(object);
  return RunAsOwner([&](ESYS_CONTEXT* esys, ESYS_TR session) {
    return Tss2().Esys_NV_UndefineSpace(esys, ESYS_TR_RH_OWNER, object->handle(), session,
                                        ESYS_TR_NONE, ESYS_TR_NONE);
  });
}

TpmResult<void> NvSpace::Write(TPM2_HANDLE index, ByteView contents, UINT16 piece) const {
  const auto object = TpmObject::Open(tpm_, index);
  if (!object) return Fail(object);
  for (std::size_t offset = 0; offset < contents.size(); offset += piece) {
    const ByteView part =
        contents.subspan(offset, std::min<std::size_t>(piece, contents.size() - offset));
    TPM2B_MAX_NV_BUFFER data{};
    data.size = static_cast<UINT16>(part.size());
    std::copy(part.begin(), part.end(), data.buffer);
    auto written = RunAsOwner([&](ESYS_CONTEXT* esys, ESYS_TR session) {
      return Tss2().Esys_NV_Write(esys, ESYS_TR_RH_OWNER, object->handle(), session, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &data, static_cast<UINT16>(offset));
    });
    if (!written) return written;
  }
  return {};
}

}  // namespace credmint::tpm2
