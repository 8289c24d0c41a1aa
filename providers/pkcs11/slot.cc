#include "pkcs11/slot.h"

#include <fmt/format.h>

#include "pkcs11/uri.h"

namespace credmint::pkcs11 {
namespace {

/// CK_UTF8CHAR is unsigned; PIN bytes are passed as they are.
CK_UTF8CHAR_PTR PinBytes(const Secret& pin) {
  return reinterpret_cast<CK_UTF8CHAR_PTR>(const_cast<char*>(pin.Reveal().data()));
}

Result<void> CheckPinState(const CK_TOKEN_INFO& token) {
  if ((token.flags & CKF_USER_PIN_LOCKED) != 0) {
    return Fail(ErrorCode::kPinLocked, "the token's user PIN is locked",
                "it must be unlocked with the SO PIN or the vendor's tool");
  }
  if ((token.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    return Fail(ErrorCode::kPinLocked, "one more wrong PIN would lock the token, so none is sent",
                "log in once with the right PIN by the vendor's tool or pkcs11-tool");
  }
  if ((token.flags & CKF_USER_PIN_INITIALIZED) == 0) {
    return Fail(ErrorCode::kDevice, "the token has no user PIN yet", "initialise it first");
  }
  return {};
}

}  // namespace

Session::~Session() {
  if (slot_ != nullptr) slot_->GiveBack(handle_);
}

void Session::Discard() { std::exchange(slot_, nullptr)->CloseSession(handle_); }

Slot::~Slot() {
  for (const CK_SESSION_HANDLE handle : idle_) CloseSession(handle);
}

std::string Slot::Name() const { return fmt::format("token '{}'", PaddedText(token_.label)); }

Result<Session> Slot::OpenSession() {
  {
    const std::lock_guard lock(sessions_mutex_);
    if (!idle_.empty()) {
      const CK_SESSION_HANDLE handle = idle_.back();
      idle_.pop_back();
      return Session(*this, handle);
    }
  }
  CK_SESSION_HANDLE handle = 0;
  const CK_RV opened = module_->Call(&CK_FUNCTION_LIST::C_OpenSession, id_,
                                     CK_FLAGS{CKF_SERIAL_SESSION}, nullptr, nullptr, &handle);
  if (opened != CKR_OK) return tl::unexpected(CkError("OpenSession", opened).In(Name()));
  return Session(*this, handle);
}

void Slot::GiveBack(CK_SESSION_HANDLE handle) {
  const std::lock_guard lock(sessions_mutex_);
  idle_.push_back(handle);
}

void Slot::CloseSession(CK_SESSION_HANDLE handle) {
  module_->Call(&CK_FUNCTION_LIST::C_CloseSession, handle);
}

bool Slot::NeedsLogin() const { return (token_.flags & CKF_LOGIN_REQUIRED) != 0; }

Result<void> Slot::LogIn(const Session& session, const std::function<Result<Secret>()>& ask_pin) {
  const std::lock_guard lock(login_mutex_);
  if (logged_in_ || !NeedsLogin()) return {};
  if (auto sent = SendLogin(session, ask_pin); !sent) {
    return Fail(std::move(sent), fmt::format("logging in to {}", Name()));
  }
  logged_in_ = true;
  return {};
}

Result<void> Slot::SendLogin(const Session& session,
                             const std::function<Result<Secret>()>& ask_pin) {
  if (auto allowed = CheckPinState(token_); !allowed) return allowed;
  CK_RV result = CKR_OK;
  if ((token_.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
    result =
        module_->Call(&CK_FUNCTION_LIST::C_Login, session.handle(), CKU_USER, nullptr, CK_ULONG{0});
  } else {
    const auto pin = ask_pin();
    if (!pin) return tl::unexpected(pin.error());
    if (pin->empty()) return Fail(ErrorCode::kPinIncorrect, "the PIN given is empty");
    result = module_->Call(&CK_FUNCTION_LIST::C_Login, session.handle(), CKU_USER, PinBytes(*pin),
                           static_cast<CK_ULONG>(pin->size()));
  }
  if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN) return {};
  return tl::unexpected(CkError("Login", result));
}

}  // namespace credmint::pkcs11
