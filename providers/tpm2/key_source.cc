#include "tpm2/key_source.h"

#include <utility>

#include "tpm2/parent.h"
#include "tpm2/tss2_library.h"

namespace credmint::tpm2 {
namespace {

std::string HierarchyName(TPM2_HANDLE hierarchy) {
  switch (hierarchy) {
    case TPM2_RH_ENDORSEMENT:
      return "the endorsement hierarchy";
    case TPM2_RH_PLATFORM:
      return "the platform hierarchy";
    case TPM2_RH_NULL:
      return "the null hierarchy";
    default:
      return "the owner hierarchy";
  }
}

}  // namespace

PersistentKey::PersistentKey(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle)
    : tpm_(std::move(tpm)), handle_(handle) {}

std::string PersistentKey::name() const { return "TPM key " + FormatHandle(handle_); }

Result<LoadedKey> PersistentKey::Load(const Secret& auth) const {
  const auto hold = tpm_->Hold();
  auto object = TpmObject::Open(tpm_, handle_);
  if (!object && object.error().fault() == TpmFault::kNoSuchHandle) {
    return Fail(ErrorCode::kKeyNotFound, "there is no key at handle " + FormatHandle(handle_),
                "tpm2_getcap handles-persistent lists the handles in use");
  }
  if (!object) return Fail(object, "opening " + name());
  auto session = SessionFor(tpm_, auth, nullptr);
  if (!session) return Fail(session, "starting a TPM session");
  return LoadedKey{*std::move(object), *std::move(session)};
}

Result<TPM2B_PUBLIC> PersistentKey::ReadPublic(const TpmObject& object) const {
  TPM2B_PUBLIC* area = nullptr;
  const auto read = tpm_->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_ReadPublic(esys, object.handle(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &area, nullptr, nullptr);
  });
  const Handle<TPM2B_PUBLIC, EsysFree> owner(area);
  if (!read) return Fail(read, "reading " + name());
  return *area;
}

WrappedKey::WrappedKey(std::shared_ptr<Tpm> tpm, Tss2KeyFile file, Secret parent_auth)
    : tpm_(std::move(tpm)), file_(std::move(file)), parent_auth_(std::move(parent_auth)) {}

std::string WrappedKey::name() const {
  return file_.description.empty() ? "TPM key file" : "TPM key '" + file_.description + "'";
}

std::string WrappedKey::ParentName() const {
  return IsPersistent(file_.parent) ? "TPM key " + FormatHandle(file_.parent)
                                    : HierarchyName(file_.parent);
}

Result<LoadedKey> WrappedKey::Load(const Secret& auth) const {
  const auto hold = tpm_->Hold();
  const auto parent = OpenParent(tpm_, file_.parent, file_.rsa_parent, parent_auth_);
  if (!parent) return tl::unexpected(ParentFailure(parent.error()));
  auto object = LoadUnder(*parent);
  if (!object && object.error().fault() == TpmFault::kBadParameter) {
    return Fail(
        ErrorCode::kKeyUnusable, "the key file does not belong to this TPM or is damaged",
        "it works only with the TPM that made it, until that is cleared, and under the same "
        "parent: one made by tpm2_createprimary is another unless it was made persistent");
  }
  if (!object) return tl::unexpected(ParentFailure(object.error()));
  auto session = SessionFor(tpm_, auth, &*parent);
  if (!session) return Fail(session, "starting a TPM session");
  return LoadedKey{*std::move(object), *std::move(session)};
}

TpmResult<TpmObject> WrappedKey::LoadUnder(const TpmObject& parent) const {
  // A primary made for this purpose has no auth value of its own.
  auto session = IsPersistent(file_.parent) ? SessionFor(tpm_, parent_auth_, &parent)
                                            : TpmResult<AuthSession>(AuthSession());
  if (!session) return tl::unexpected(session.error());
  return TpmObject::Load(tpm_, [&](ESYS_CONTEXT* esys, ESYS_TR* object) {
    return Tss2().Esys_Load(esys, parent.handle(), session->handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                            &file_.private_area, &file_.public_area, object);
  });
}

/// Loading sends no auth value but the parent's, so any refusal is about that one.
Error WrappedKey::ParentFailure(const TpmFailure& failure) const {
  switch (failure.fault()) {
    case TpmFault::kAuthRefused:
    case TpmFault::kAuthRefusedUncounted:
      if (!parent_auth_.empty()) break;
      return {ErrorCode::kPinRequired,
              ParentName() + " needs an auth value (it is the key's parent) and none was given",
              "give it with --parent-passin"};
    case TpmFault::kNoSuchHandle:
      if (!IsPersistent(file_.parent)) break;
      return {ErrorCode::kKeyNotFound,
              "there is no parent key at handle " + FormatHandle(file_.parent),
              "tpm2_getcap handles-persistent lists the handles in use"};
    default:
      break;
  }
  return failure.ToError().In("using " + ParentName() + " as the key's parent");
}

}  // namespace credmint::tpm2
