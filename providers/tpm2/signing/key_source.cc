// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/key_source.h"

#include <utility>

#include "tpm2/device/hierarchy.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/keyfile/serialized_object.h"
#include "tpm2/signing/parent.h"

namespace credmint::tpm2 {

Result<bool> KeySource::Authorize(const std::shared_ptr<Tpm>& /*tpm*/,
                                  const LoadedKey& /*key*/) const {
  return true;
}

std::string PersistentKey::name() const { return "TPM key " + FormatHandle(handle_); }

Result<LoadedKey> PersistentKey::Load(const std::shared_ptr<Tpm>& tpm, const Secret& auth) const {
  const auto hold = tpm->Hold();
  const bool is_first = !name_;
  const bool is_known = is_first && !written_.empty();
  auto object =
      is_known ? TpmObject::Reopen(tpm, handle_, written_) : TpmObject::Open(tpm, handle_);
  if (!object && object.error().fault() == TpmFault::kNoSuchHandle) {
    return Fail(ErrorCode::kKeyNotFound, "there is no key at handle " + FormatHandle(handle_),
                Remedy::kListTpm);
  }
  if (!object) return Fail(object.error().ToError());
  const auto name_now = ReadName(*tpm, object->handle());
  if (!name_now) return Fail(name_now.error().ToError());
  if (name_ && !IsSameName(*name_, *name_now)) {
    return Fail(ErrorCode::kKeyNotFound, "another key has taken the place of " + name());
  }
  if (is_first) name_ = *name_now;
  auto session = SessionFor(tpm, auth, {nullptr, handle_ != kStorageRootKey});
  if (!session) return Fail(session, "starting a TPM session");
  return LoadedKey{*std::move(object), *std::move(session), {}};
}

Result<TPM2B_PUBLIC> PersistentKey::ReadPublic(Tpm& tpm, const TpmObject& object,
                                               provider::DigestTable& digests) const {
  if (const auto known = KnownArea(object, digests)) {
    TPM2B_PUBLIC known_area{};
    const TSS2_RC code =
        Tss2().Tss2_MU_TPM2B_PUBLIC_Unmarshal(known->data(), known->size(), nullptr, &known_area);
    if (code == TSS2_RC_SUCCESS) return known_area;
  }
  TPM2B_PUBLIC* area = nullptr;
  const auto read = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_ReadPublic(esys, object.handle(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &area, nullptr, nullptr);
  });
  const Handle<TPM2B_PUBLIC, EsysFree> owner(area);
  if (!read) return Fail(read.error().ToError());
  return *area;
}

KeyFileKey::KeyFileKey(Tss2KeyFile file, Secret parent_auth, PolicyCredentials credentials)
    : file_(std::move(file)),
      parent_auth_(std::move(parent_auth)),
      credentials_(std::move(credentials)) {}

std::string KeyFileKey::name() const {
  return file_.description.empty() ? "TPM key file" : "TPM key '" + file_.description + "'";
}

std::string KeyFileKey::ParentName() const {
  return IsPersistent(file_.parent) ? "TPM key " + FormatHandle(file_.parent)
                                    : FindHierarchy(file_.parent)->name;
}

Result<LoadedKey> KeyFileKey::Load(const std::shared_ptr<Tpm>& tpm, const Secret& auth) const {
  const auto hold = tpm->Hold();
  const auto parent = OpenParent(tpm, file_.parent, file_.rsa_parent, parent_auth_);
  if (!parent) return Fail(ParentFailure(parent.error()));
  auto object = LoadUnder(tpm, *parent);
  if (!object && object.error().fault() == TpmFault::kBadParameter) {
    return Fail(
        ErrorCode::kKeyUnusable, "the key file does not belong to this TPM or is damaged",
        "it works only with the TPM that made it, until that is cleared, and under the same "
        "parent; a parent from tpm2_createprimary must be persistent");
  }
  if (!object) return Fail(ParentFailure(object.error()));
  auto session = StartSession(tpm, auth, *parent);
  if (!session) return Fail(session, "starting a TPM session");
  auto secret_session = file_.policy.empty() ? TpmResult<AuthSession>(AuthSession())
                                             : SessionFor(tpm, credentials_.auth, {&*parent});
  if (!secret_session) return Fail(secret_session, "starting a TPM session");
  return LoadedKey{*std::move(object), *std::move(session), *std::move(secret_session)};
}

TpmResult<AuthSession> KeyFileKey::StartSession(const std::shared_ptr<Tpm>& tpm, const Secret& auth,
                                                const TpmObject& parent) const {
  if (file_.policy.empty()) return SessionFor(tpm, auth, {&parent});
  return StartPolicySession(tpm, file_.public_area.publicArea.nameAlg, auth, {&parent});
}

Result<bool> KeyFileKey::Authorize(const std::shared_ptr<Tpm>& tpm, const LoadedKey& key) const {
  if (file_.policy.empty()) return true;
  return SatisfyPolicy(tpm, key.session.handle(), file_.policy, credentials_);
}

TpmResult<TpmObject> KeyFileKey::LoadUnder(const std::shared_ptr<Tpm>& tpm,
                                           const TpmObject& parent) const {
  // A primary made for this purpose has no auth value of its own.
  auto session = IsPersistent(file_.parent) ? SessionFor(tpm, parent_auth_, {&parent})
                                            : TpmResult<AuthSession>(AuthSession());
  if (!session) return Fail(session);
  if (file_.import_seed && !imported_) {
    if (auto done = Import(*tpm, parent, *session); !done) return Fail(done);
  }
  const TPM2B_PRIVATE& wrapped = imported_ ? *imported_ : file_.private_area;
  return TpmObject::Load(tpm, [&](ESYS_CONTEXT* esys, ESYS_TR* object) {
    return Tss2().Esys_Load(esys, parent.handle(), session->handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                            &wrapped, &file_.public_area, object);
  });
}

TpmResult<void> KeyFileKey::Import(Tpm& tpm, const TpmObject& parent,
                                   const AuthSession& session) const {
  constexpr TPMT_SYM_DEF_OBJECT kNoInnerWrapper{TPM2_ALG_NULL, {}, {}};
  TPM2B_PRIVATE* wrapped = nullptr;
  const auto done = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_Import(esys, parent.handle(), session.handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                              nullptr, &file_.public_area, &file_.private_area, &*file_.import_seed,
                              &kNoInnerWrapper, &wrapped);
  });
  const Handle<TPM2B_PRIVATE, EsysFree> owner(wrapped);
  if (done) imported_ = *wrapped;
  return done;
}

/// Loading sends no auth value but the parent's, so every refusal concerns the parent.
Error KeyFileKey::ParentFailure(const TpmFailure& failure) const {
  switch (failure.fault()) {
    case TpmFault::kAuthRefused:
    case TpmFault::kAuthRefusedUncounted:
      if (!parent_auth_.empty()) break;
      return MakeError(
          ErrorCode::kPinRequired,
          ParentName() + " needs an auth value (it is the key's parent) and none was given",
          Remedy::kGiveParentAuth, failure.CountedNote());
    case TpmFault::kNoSuchHandle:
      if (!IsPersistent(file_.parent)) break;
      return {ErrorCode::kKeyNotFound,
              "there is no parent key at handle " + FormatHandle(file_.parent),
              "tpm2_getcap handles-persistent lists the handles in use"};
    case TpmFault::kHierarchyDisabled:
      return {ErrorCode::kDevice,
              ParentName() + " is disabled in the TPM (the key's parent is made in it)",
              kEnableHierarchy};
    default:
      break;
  }
  return failure.ToError().In("using " + ParentName() + " as the key's parent");
}

}  // namespace credmint::tpm2
