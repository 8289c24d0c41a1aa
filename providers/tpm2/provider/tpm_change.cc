// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/tpm_change.h"

#include <fmt/format.h>

#include <utility>

#include "base/shown_value.h"
#include "common/params.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/tpm_object.h"
#include "tpm2/making/tpm_key_remover.h"
#include "tpm2/policy/pcr_selection.h"

namespace credmint::tpm2 {
namespace {

using provider::ListedObject;
using provider::SecretParam;
using provider::TextParam;

Result<TPM2_HANDLE> ParentIn(const std::string& text) {
  if (text.empty()) return TPM2_RH_OWNER;
  const auto handle = ParseHandle(text);
  if (handle && IsPersistent(*handle)) return *handle;
  return Fail(ErrorCode::kUsage,
              fmt::format("{} is not the handle of a persistent parent", Shown(text)),
              "write it as 0x81000001");
}

Result<TPML_PCR_SELECTION> PcrsIn(const std::string& text) {
  if (text.empty()) return TPML_PCR_SELECTION{};
  auto pcrs = ParsePcrs(text);
  if (!pcrs) return Fail(std::move(pcrs), Shown(text));
  return pcrs;
}

}  // namespace

void TpmChange::Set(const OSSL_PARAM params[]) {
  if (auto type = TextParam(params, kCreateKeyParam)) type_ = *std::move(type);
  if (auto what = TextParam(params, kDeleteKeyParam)) deletion_ = *std::move(what);
  if (auto parent = TextParam(params, kKeyParentParam)) parent_ = *std::move(parent);
  if (auto pcrs = TextParam(params, kKeyPcrsParam)) pcrs_ = *std::move(pcrs);
  if (TextParam(params, kKeyNodaParam) == "1") exempt_ = true;
  if (auto auth = SecretParam(params, kKeyAuthParam)) auth_ = *std::move(auth);
  if (auto auth = SecretParam(params, kOwnerAuthParam)) owner_auth_ = *std::move(auth);
}

Result<NewTpmKey> TpmChange::ReadKey(const Secret& parent_auth) const {
  const auto type = FindTpmKeyType(type_);
  if (!type) return Fail(type);
  const auto parent = ParentIn(parent_);
  if (!parent) return Fail(parent);
  const auto pcrs = PcrsIn(pcrs_);
  if (!pcrs) return Fail(pcrs);
  auto fits = CheckAuthSize(auth_, "new key's auth value");
  if (fits) fits = CheckAuthSize(parent_auth, "parent's auth value");
  if (!fits) return Fail(std::move(fits));
  return NewTpmKey{.type = *type,
                   .parent = *parent,
                   .parent_auth = parent_auth.Clone(),
                   .owner_auth = owner_auth_.Clone(),
                   .auth = auth_.Clone(),
                   .exempt_from_lockout = exempt_,
                   .pcrs = *pcrs};
}

Result<ListedObject> TpmChange::Make(std::optional<TPM2_HANDLE> handle,
                                     const Tpm2Provider& provider,
                                     const std::optional<std::string>& tcti,
                                     const Secret& parent_auth) const {
  if (auto fits = CheckAuthSize(owner_auth_, "owner's auth value"); !fits) {
    return Fail(std::move(fits));
  }
  if (type_.empty()) {
    if (handle) return RemoveKey(provider, tcti, *handle, owner_auth_, deletion_ == "1");
    return Fail(ErrorCode::kUsage, "the TPM holds nothing of a key file",
                "delete it as any other file");
  }
  const auto key = ReadKey(parent_auth);
  if (!key) return Fail(Error(key.error()));
  const TpmKeyMaker maker(provider, tcti, *key);
  return handle ? maker.MakeAt(*handle) : maker.MakeFile();
}

}  // namespace credmint::tpm2
