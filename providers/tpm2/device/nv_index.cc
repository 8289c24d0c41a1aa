// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tpm2/device/capability.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/keyfile/serialized_object.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {
namespace {

/// Up to this size, an index is read without asking the TPM for the size of its buffer.
constexpr UINT16 kSmallPiece = 512;

TpmResult<TPMS_NV_PUBLIC> ReadArea(Tpm& tpm, const TpmObject& object,
                                   provider::DigestTable& digests) {
  if (const auto known = KnownArea(object, digests)) {
    TPM2B_NV_PUBLIC area{};
    const TSS2_RC code =
        Tss2().Tss2_MU_TPM2B_NV_PUBLIC_Unmarshal(known->data(), known->size(), nullptr, &area);
    if (code == TSS2_RC_SUCCESS) return area.nvPublic;
  }
  TPM2B_NV_PUBLIC* area = nullptr;
  const auto read = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_NV_ReadPublic(esys, object.handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &area, nullptr);
  });
  const Handle<TPM2B_NV_PUBLIC, EsysFree> owner(area);
  if (!read) return Fail(read);
  return area->nvPublic;
}

}  // namespace

Result<NvIndex> NvIndex::Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE index,
                              provider::DigestTable& digests) {
  auto object = TpmObject::Open(tpm, index);
  if (!object && object.error().fault() == TpmFault::kNoSuchHandle) {
    return Fail(ErrorCode::kKeyNotFound, "there is no NV index " + FormatHandle(index),
                Remedy::kListTpm);
  }
  if (!object) return Fail(object.error().ToError());
  const auto area = ReadArea(*tpm, *object, digests);
  if (!area) return Fail(area.error().ToError());
  return NvIndex(std::move(tpm), *std::move(object), *area);
}

std::string NvIndex::name() const { return "NV index " + FormatHandle(area_.nvIndex); }

bool NvIndex::IsOrdinary() const {
  return (area_.attributes & TPMA_NV_TPM2_NT_MASK) >> TPMA_NV_TPM2_NT_SHIFT == TPM2_NT_ORDINARY;
}

bool NvIndex::HoldsData() const { return IsOrdinary() && Has(TPMA_NV_WRITTEN); }

Result<void> NvIndex::CheckReadable() const {
  if (!IsOrdinary()) {
    return Fail(ErrorCode::kCertificate, name() + " is a counter, a bit field or a PIN");
  }
  if (!Has(TPMA_NV_WRITTEN)) {
    return Fail(ErrorCode::kCertificate, name() + " was never written",
                "write the certificate, DER or PEM, with tpm2_nvwrite");
  }
  if (Has(TPMA_NV_READLOCKED)) {
    return Fail(ErrorCode::kCertificate, name() + " is locked against reading",
                "the lock (tpm2_nvreadlock) lasts until the TPM is reset");
  }
  return {};
}

Result<Bytes> NvIndex::Read(const std::optional<Secret>& auth, const Secret& owner_auth) const {
  if (auto readable = CheckReadable(); !readable) return Fail(std::move(readable));
  if ((auth ? auth->size() : owner_auth.size()) > sizeof(TPMU_HA)) {
    return Fail(ErrorCode::kPinIncorrect, "the auth value is longer than a TPM allows");
  }
  const Secret empty;
  std::vector<std::pair<ESYS_TR, const Secret*>> ways;
  if (auth && Has(TPMA_NV_AUTHREAD)) ways.emplace_back(object_.handle(), &*auth);
  if (!auth && Has(TPMA_NV_AUTHREAD) && Has(TPMA_NV_NO_DA)) {
    ways.emplace_back(object_.handle(), &empty);
  }
  const bool by_owner = !auth && Has(TPMA_NV_OWNERREAD);
  if (by_owner) ways.emplace_back(ESYS_TR_RH_OWNER, &empty);
  if (by_owner && !owner_auth.empty()) ways.emplace_back(ESYS_TR_RH_OWNER, &owner_auth);
  if (ways.empty()) return Fail(NoWay());
  const auto piece = PieceSize();
  if (!piece) return Fail(piece, "reading " + name());
  for (const auto& [authoriser, value] : ways) {
    auto contents = ReadAs(authoriser, *value, *piece);
    if (contents) return *std::move(contents);
    if (!contents.error().WasRefusal() || auth) return Fail(contents, "reading " + name());
  }
  return Fail(Refused(by_owner && !owner_auth.empty()));
}

TpmResult<Bytes> NvIndex::ReadAs(ESYS_TR authoriser, const Secret& auth, UINT16 piece) const {
  const auto hold = tpm_->Hold();
  if (auto set = SetAuth(*tpm_, authoriser, auth); !set) return Fail(set);
  const auto session = SessionFor(tpm_, auth, {});
  if (!session) return Fail(session);
  Bytes contents;
  while (contents.size() < area_.dataSize) {
    const auto offset = static_cast<UINT16>(contents.size());
    const auto size = std::min<UINT16>(piece, static_cast<UINT16>(area_.dataSize - offset));
    TPM2B_MAX_NV_BUFFER* data = nullptr;
    const auto read = tpm_->Run([&](ESYS_CONTEXT* esys) {
      return Tss2().Esys_NV_Read(esys, authoriser, object_.handle(), session->handle(),
                                 ESYS_TR_NONE, ESYS_TR_NONE, size, offset, &data);
    });
    const Handle<TPM2B_MAX_NV_BUFFER, EsysFree> owner(data);
    if (!read) return Fail(read);
    if (data->size == 0) return Fail(TpmFailure(TSS2_ESYS_RC_MALFORMED_RESPONSE));
    contents.insert(contents.end(), data->buffer, data->buffer + data->size);
  }
  return contents;
}

TpmResult<UINT16> NvIndex::PieceSize() const {
  if (area_.dataSize <= kSmallPiece) return kSmallPiece;
  const auto properties = ReadProperties(*tpm_, TPM2_PT_NV_BUFFER_MAX, 1);
  if (!properties) return Fail(properties);
  const auto found = properties->find(TPM2_PT_NV_BUFFER_MAX);
  if (found == properties->end() || found->second == 0) return kSmallPiece;
  return static_cast<UINT16>(std::min<UINT32>(found->second, TPM2_MAX_NV_BUFFER_SIZE));
}

Error NvIndex::NoWay() const {
  constexpr const char* kDefine =
      "define it so that all may read it: tpm2_nvdefine -a 'ownerread|ownerwrite|authread|no_da'";
  if (!Has(TPMA_NV_AUTHREAD) && Has(TPMA_NV_OWNERREAD)) {
    return {ErrorCode::kCertificate, name() + " is not read with an auth value of its own",
            "leave out ?pass: it is read with the owner's auth value"};
  }
  if (!Has(TPMA_NV_AUTHREAD)) {
    return {ErrorCode::kCertificate,
            name() + " can be read neither with its own auth value nor with the owner's", kDefine};
  }
  return MakeError(
      ErrorCode::kPinRequired,
      name() + " may have an auth value, and a wrong one would be counted: it was not tried",
      Remedy::kGiveNvAuth, std::string("or ") + kDefine);
}

Error NvIndex::Refused(bool owner_auth_given) const {
  if (owner_auth_given) {
    return MakeError(ErrorCode::kPinIncorrect,
                     "reading " + name() + ": the owner's auth value is wrong",
                     Remedy::kGiveParentAuth);
  }
  if (!Has(TPMA_NV_OWNERREAD)) {
    return MakeError(ErrorCode::kPinRequired, name() + " has an auth value and none was given",
                     Remedy::kGiveNvAuth);
  }
  return MakeError(ErrorCode::kPinRequired,
                   name() + " is read with the owner's auth value and none was given",
                   Remedy::kGiveParentAuth);
}

}  // namespace credmint::tpm2
