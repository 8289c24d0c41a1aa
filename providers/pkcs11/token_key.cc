// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/token_key.h"

#include <string>

#include "pkcs11/module_advice.h"

namespace credmint::pkcs11 {
using provider::KeyType;

namespace {

Error WithAdvice(Error refused, const provider::SignatureRequest& request, const Module& module) {
  if (request.scheme != provider::SignatureScheme::kEd25519) return refused;
  if (refused.code != ErrorCode::kKeyUnusable) return refused;
  if (std::string advice = AdviceOnEddsa(module.path()); !advice.empty()) {
    refused.SetHint(std::move(advice));
  }
  return refused;
}

}  // namespace

TokenKey::TokenKey(TokenObject object, std::shared_ptr<const MechanismChoice> mechanism,
                   KeyType type, std::size_t signature_size, std::optional<Secret> context_pin,
                   bool allow_final_try, FindAgain find_again)
    : type_(type),
      signature_size_(signature_size),
      context_pin_(std::move(context_pin)),
      allow_final_try_(allow_final_try),
      find_again_(std::move(find_again)),
      mechanism_(std::move(mechanism)),
      place_(std::make_shared<const TokenObject>(std::move(object))) {}

Result<Bytes> TokenKey::Sign(const provider::SignatureRequest& request) const {
  const Place place = CurrentPlace();
  auto signature = SignAt(*place, request);
  if (!signature && signature.error().code == ErrorCode::kDeviceLost) {
    const std::string loss = signature.error().message;
    const auto new_place = FindNewPlace(place);
    signature = new_place ? SignAt(**new_place, request) : Fail(new_place);
    if (!signature) signature.error().message += " (after " + loss + ")";
  }
  if (!signature) return Fail(std::move(signature), "signing with " + place->slot->Name());
  if (type_ != KeyType::kEc) return signature;
  const ByteView raw(*signature);
  return provider::EncodeEcdsaSignature(raw.first(raw.size() / 2), raw.subspan(raw.size() / 2));
}

TokenKey::Place TokenKey::CurrentPlace() const { return *place_.Lock(); }

Result<TokenKey::Place> TokenKey::FindNewPlace(const Place& lost) const {
  const MutexLock finding(find_mutex_);
  if (Place found = CurrentPlace(); found != lost) return found;
  auto object = find_again_();
  if (!object) return Fail(std::move(object), "finding the key again");
  auto found = std::make_shared<const TokenObject>(*std::move(object));
  *place_.Lock() = found;
  return found;
}

Result<Bytes> TokenKey::SignAt(const TokenObject& object,
                               const provider::SignatureRequest& request) const {
  auto session = object.slot->OpenSession();
  if (!session) return Fail(std::move(session));
  if (session->generation() != object.generation) {
    return Fail(ErrorCode::kDeviceLost, "the module was initialised again");
  }
  const auto input = mechanism_->Begin(request, [&](CK_MECHANISM* mechanism) {
    const CK_RV begun = session->Call(&CK_FUNCTION_LIST::C_SignInit, mechanism, object.handle);
    if (begun == CKR_OPERATION_ACTIVE) session->Discard();
    return begun;
  });
  if (!input) return Fail(WithAdvice(input.error(), request, object.slot->module()));
  if (auto allowed = LogInForContext(*session); !allowed) {
    session->Discard();
    return Fail(std::move(allowed));
  }
  Bytes signature(signature_size_);
  CK_ULONG size = signature.size();
  const ByteView data = input->bytes();
  const CK_RV result =
      session->Call(&CK_FUNCTION_LIST::C_Sign, const_cast<std::uint8_t*>(data.data()),
                    static_cast<CK_ULONG>(data.size()), signature.data(), &size);
  // Any other result ends the operation (PKCS#11 v2.40 section 5.11).
  if (result == CKR_BUFFER_TOO_SMALL) session->Discard();
  if (result != CKR_OK) return Fail(CkError("Sign", result));
  if (size != signature.size()) {
    return Fail(ErrorCode::kKeyUnusable, "the token returned a signature of the wrong length");
  }
  return signature;
}

Result<void> TokenKey::LogInForContext(const Session& session) const {
  if (!context_pin_) return {};
  const MutexLock lock(context_mutex_);
  auto allowed = session.slot().LogInForSignature(session, *context_pin_, allow_final_try_);
  if (!allowed) return Fail(std::move(allowed), "context-specific login");
  return {};
}

}  // namespace credmint::pkcs11
