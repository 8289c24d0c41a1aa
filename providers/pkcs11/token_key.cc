#include "pkcs11/token_key.h"

#include <array>
#include <span>

namespace credmint::pkcs11 {
namespace {

using provider::Digest;
using provider::KeyType;

/// DER of the DigestInfo up to the digest itself (RFC 8017 section 9.2, note 1): they differ in the
/// hash's last OID byte and in the lengths.
Bytes DigestInfo(Digest digest, ByteView value) {
  const auto oid_end = [digest]() -> std::uint8_t {
    switch (digest) {
      case Digest::kSha256:
        return 1;
      case Digest::kSha384:
        return 2;
      case Digest::kSha512:
        return 3;
      case Digest::kSha224:
        return 4;
    }
    return 0;
  }();
  const auto size = static_cast<std::uint8_t>(value.size());
  Bytes info = {0x30,    static_cast<std::uint8_t>(17 + size),
                0x30,    0x0d,
                0x06,    0x09,
                0x60,    0x86,
                0x48,    0x01,
                0x65,    0x03,
                0x04,    0x02,
                oid_end, 0x05,
                0x00,    0x04,
                size};
  info.insert(info.end(), value.begin(), value.end());
  return info;
}

}  // namespace

TokenKey::TokenKey(std::shared_ptr<Slot> slot, CK_OBJECT_HANDLE object, KeyType type,
                   std::size_t signature_size, std::optional<Secret> context_pin)
    : slot_(std::move(slot)),
      object_(object),
      type_(type),
      signature_size_(signature_size),
      context_pin_(std::move(context_pin)) {}

Result<Bytes> TokenKey::Sign(Digest digest, ByteView value) const {
  auto session = slot_->OpenSession();
  if (!session) return Fail(std::move(session), "signing");
  auto signature = SignIn(*session, type_ == KeyType::kRsa ? DigestInfo(digest, value)
                                                           : Bytes(value.begin(), value.end()));
  if (!signature) {
    session->Discard();
    return Fail(std::move(signature), "signing with " + slot_->Name());
  }
  if (type_ == KeyType::kRsa) return signature;
  const ByteView raw(*signature);
  return provider::EncodeEcdsaSignature(raw.first(raw.size() / 2), raw.subspan(raw.size() / 2));
}

Result<Bytes> TokenKey::SignIn(const Session& session, Bytes input) const {
  CK_MECHANISM mechanism = {type_ == KeyType::kRsa ? CKM_RSA_PKCS : CKM_ECDSA, nullptr, 0};
  CK_RV result =
      slot_->module().Call(&CK_FUNCTION_LIST::C_SignInit, session.handle(), &mechanism, object_);
  if (result != CKR_OK) return tl::unexpected(CkError("SignInit", result));
  if (auto allowed = LogInForContext(session); !allowed) return Fail(std::move(allowed));
  Bytes signature(signature_size_);
  CK_ULONG size = signature.size();
  result = slot_->module().Call(&CK_FUNCTION_LIST::C_Sign, session.handle(), input.data(),
                                static_cast<CK_ULONG>(input.size()), signature.data(), &size);
  if (result != CKR_OK) return tl::unexpected(CkError("Sign", result));
  if (size != signature.size()) {
    return Fail(ErrorCode::kKeyUnusable, "the token returned a signature of the wrong length");
  }
  return signature;
}

Result<void> TokenKey::LogInForContext(const Session& session) const {
  if (!context_pin_) return {};
  auto* pin = reinterpret_cast<CK_UTF8CHAR_PTR>(const_cast<char*>(context_pin_->Reveal().data()));
  const CK_RV result =
      slot_->module().Call(&CK_FUNCTION_LIST::C_Login, session.handle(), CKU_CONTEXT_SPECIFIC, pin,
                           static_cast<CK_ULONG>(context_pin_->size()));
  if (result == CKR_OK) return {};
  return tl::unexpected(CkError("Login", result).In("context-specific login"));
}

}  // namespace credmint::pkcs11
