#include "tpm2/tpm_object.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "tpm2/tss2_library.h"

namespace credmint::tpm2 {

TpmObject::TpmObject(std::shared_ptr<Tpm> tpm, ESYS_TR handle, bool persistent)
    : tpm_(std::move(tpm)), handle_(handle), persistent_(persistent) {}

TpmResult<TpmObject> TpmObject::Load(
    std::shared_ptr<Tpm> tpm, const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command) {
  const auto handle = tpm->Load(command);
  if (!handle) return tl::unexpected(handle.error());
  return TpmObject(std::move(tpm), *handle, false);
}

TpmResult<TpmObject> TpmObject::Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle) {
  ESYS_TR object = ESYS_TR_NONE;
  const auto opened = tpm->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &object);
  });
  if (!opened) return tl::unexpected(opened.error());
  return TpmObject(std::move(tpm), object, true);
}

TpmObject::~TpmObject() {
  if (tpm_) tpm_->Release(handle_);
}

TpmObject::TpmObject(TpmObject&& other) noexcept
    : tpm_(std::move(other.tpm_)), handle_(other.handle_), persistent_(other.persistent_) {}

TpmObject& TpmObject::operator=(TpmObject&& other) noexcept {
  std::swap(tpm_, other.tpm_);
  std::swap(handle_, other.handle_);
  std::swap(persistent_, other.persistent_);
  return *this;
}

bool TpmObject::IsLost() const { return !persistent_ && !tpm_->IsLoaded(handle_); }

void TpmObject::MarkLost() const { tpm_->MarkLost(handle_); }

TpmResult<TPM2B_NAME> ReadName(Tpm& tpm, ESYS_TR handle) {
  TPM2B_NAME* name = nullptr;
  const auto read =
      tpm.Run([&](ESYS_CONTEXT* esys) { return Tss2().Esys_TR_GetName(esys, handle, &name); });
  const Handle<TPM2B_NAME, EsysFree> owner(name);
  if (!read) return tl::unexpected(read.error());
  return *name;
}

bool IsSameName(const TPM2B_NAME& a, const TPM2B_NAME& b) {
  return std::equal(a.name, a.name + a.size, b.name, b.name + b.size);
}

TpmResult<void> SetAuth(Tpm& tpm, ESYS_TR handle, const Secret& auth) {
  TPM2B_AUTH value{};
  const std::string_view bytes = auth.Reveal();
  value.size = static_cast<UINT16>(std::min(bytes.size(), sizeof value.buffer));
  std::copy_n(bytes.begin(), value.size, value.buffer);
  const auto set =
      tpm.Run([&](ESYS_CONTEXT* esys) { return Tss2().Esys_TR_SetAuth(esys, handle, &value); });
  explicit_bzero(&value, sizeof value);
  return set;
}

}  // namespace credmint::tpm2
