// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tpm_object.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <utility>

#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {

TpmResult<TpmObject> TpmObject::Load(
    std::shared_ptr<Tpm> tpm, const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command) {
  const auto handle = tpm->Load(command);
  if (!handle) return Fail(handle);
  return TpmObject(std::move(tpm), *handle);
}

TpmResult<TpmObject> TpmObject::Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle) {
  auto opened = tpm->OpenPersistent(handle);
  if (!opened) return Fail(opened);
  return TpmObject(std::move(tpm), *std::move(opened));
}

TpmResult<TpmObject> TpmObject::Reopen(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle,
                                       ByteView written) {
  auto opened = tpm->ReopenPersistent(handle, written);
  if (!opened) return Fail(opened);
  return TpmObject(std::move(tpm), *std::move(opened));
}

Bytes TpmObject::Write() const {
  std::uint8_t* written = nullptr;
  std::size_t size = 0;
  const auto done = tpm_->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TR_Serialize(esys, handle(), &written, &size);
  });
  const Handle<std::uint8_t, EsysFree> owner(written);
  return done ? Bytes(written, written + size) : Bytes();
}

TpmObject::~TpmObject() {
  if (!tpm_) return;
  if (open_) {
    tpm_->ReleasePersistent(open_);
  } else {
    tpm_->Release(handle_);
  }
}

TpmObject::TpmObject(TpmObject&& other) noexcept
    : tpm_(std::move(other.tpm_)), handle_(other.handle_), open_(std::move(other.open_)) {}

TpmObject& TpmObject::operator=(TpmObject&& other) noexcept {
  std::swap(tpm_, other.tpm_);
  std::swap(handle_, other.handle_);
  std::swap(open_, other.open_);
  return *this;
}

bool TpmObject::IsLost() const {
  return open_ ? open_->load() == ESYS_TR_NONE : !tpm_->IsLoaded(handle_);
}

void TpmObject::MarkLost() const {
  if (!open_) tpm_->MarkLost(handle_);
}

void TpmObject::MayFlush() const {
  if (!open_) tpm_->MayFlush(handle_);
}

void TpmObject::Use(bool begin) const {
  if (!open_) tpm_->Use(handle_, begin);
}

TpmResult<TPM2B_NAME> ReadName(Tpm& tpm, ESYS_TR handle) {
  TPM2B_NAME* name = nullptr;
  const auto read =
      tpm.Run([&](ESYS_CONTEXT* esys) { return Tss2().Esys_TR_GetName(esys, handle, &name); });
  const Handle<TPM2B_NAME, EsysFree> owner(name);
  if (!read) return Fail(read);
  return *name;
}

bool IsSameName(const TPM2B_NAME& a, const TPM2B_NAME& b) {
  return std::equal(a.name, a.name + a.size, b.name, b.name + b.size);
}

Result<void> CheckAuthSize(const Secret& auth, const std::string& what) {
  if (auth.size() <= kMaxAuthSize) return {};
  return Fail(ErrorCode::kPinIncorrect,
              fmt::format("the {} has {} bytes, but a TPM takes at most {}", what, auth.size(),
                          kMaxAuthSize));
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
