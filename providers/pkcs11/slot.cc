// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/slot.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "pkcs11/pin_bytes.h"
#include "pkcs11/second_look.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {
namespace {

/// The token may be waiting for sessions of other processes, whose end nothing announces.
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::seconds kLongestWait{10};
constexpr CK_FLAGS kWriting = CKF_SERIAL_SESSION | CKF_RW_SESSION;
/// The flags that say that a wrong PIN has been sent.
constexpr CK_FLAGS kCounted = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;

template <std::size_t N>
bool SameField(const CK_UTF8CHAR (&a)[N], const CK_UTF8CHAR (&b)[N]) {
  return memcmp(a, b, N) == 0;
}

bool IsLoggedIn(const CK_SESSION_INFO& info) {
  return info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

/// A failed login must not be retried automatically: the token may have counted the PIN.
Error LoginError(CK_RV result) {
  Error error = CkError("Login", result);
  if (error.code == ErrorCode::kDeviceLost) error.code = ErrorCode::kDevice;
  return error;
}

tl::unexpected<Error> RefusedBefore() {
  return Fail(ErrorCode::kPinIncorrect, "the token refused this PIN before; it is not sent again",
              "give another one; if it has become right, restart the program");
}

tl::unexpected<Error> LockedOut() {
  return Fail(ErrorCode::kLockedOut,
              "the token accepts no PIN now (CKR_PIN_LOCKED; by its flags the PIN is not locked)",
              "a TPM behind it may be in dictionary-attack lockout, which ends by itself "
              "(tpm2_getcap properties-variable); else unlock the PIN with the vendor's tool");
}

}  // namespace

Session::~Session() {
  if (slot_ == nullptr) return;
  if (fate_ == Fate::kKeep) slot_->GiveBack(handle_, generation_);
  if (fate_ == Fate::kClose) slot_->Close(handle_, generation_);
  if (fate_ == Fate::kForget) slot_->Forget(generation_);
}

Slot::~Slot() {
  if (generation_ != module_->generation()) return;
  for (const CK_SESSION_HANDLE handle : idle_) {
    module_->Call(&CK_FUNCTION_LIST::C_CloseSession, handle);
    module_->SessionEnded(generation_);
  }
}

std::string Slot::Name() const { return fmt::format("token '{}'", ShownLabel(token_)); }

bool Slot::Holds(const CK_TOKEN_INFO& token) const {
  return SameField(token_.label, token.label) &&
         SameField(token_.serialNumber, token.serialNumber) &&
         SameField(token_.model, token.model) &&
         SameField(token_.manufacturerID, token.manufacturerID);
}

Result<Session> Slot::OpenSession() {
  if (auto revived = module_->Revive(); !revived) return Fail(std::move(revived));
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  const MutexLock lock(sessions_mutex_);
  ForgetOldGeneration();
  while (true) {
    if (auto session = TakeIdle()) return *std::move(session);
    auto session = OpenAnother();
    if (!session) return Fail(std::move(session));
    if (*session) return **std::move(session);
    if (std::chrono::steady_clock::now() > deadline) {
      return Fail(CkError("OpenSession", CKR_SESSION_COUNT).In(Name()));
    }
    if (idle_.empty()) given_back_.wait_for(sessions_mutex_, kLookAgain);
  }
}

Result<std::optional<Session>> Slot::OpenAnother() {
  if (open_ >= kMostSessions) return std::nullopt;
  const unsigned generation = generation_;
  ++open_;
  auto session = OpenUnlocked(generation);
  const bool is_open = session && *session;
  if (!is_open && generation == generation_) --open_;
  return session;
}

Result<std::optional<Session>> Slot::OpenUnlocked(unsigned generation) {
  const MutexUnlock unlocked(sessions_mutex_);
  if (auto checked = CheckToken(); !checked) return Fail(std::move(checked));
  CK_SESSION_HANDLE handle = 0;
  const CK_RV opened = Open(handle);
  if (opened == CKR_OK) return Session(*this, handle, generation, false);
  if (opened == CKR_SESSION_COUNT) return std::nullopt;
  return Fail(CkError("OpenSession", opened).In(Name()));
}

std::optional<Session> Slot::TakeIdle() {
  if (idle_.empty()) return std::nullopt;
  const CK_SESSION_HANDLE handle = idle_.back();
  idle_.pop_back();
  return Session(*this, handle, generation_, true);
}

void Slot::ForgetOldGeneration() {
  if (generation_ == module_->generation()) return;
  generation_ = module_->generation();
  idle_.clear();
  open_ = 0;
  logged_in_ = false;
  ask_token_first_ = true;
  check_token_ = true;
}

CK_RV Slot::Open(CK_SESSION_HANDLE& handle) const {
  const CK_RV opened = Open(handle, CKF_SERIAL_SESSION);
  if (opened != CKR_FUNCTION_FAILED) return opened;
  return Open(handle, kWriting);  // some tokens have no read-only sessions
}

CK_RV Slot::Open(CK_SESSION_HANDLE& handle, CK_FLAGS flags) const {
  // Counted first: another thread could restart the module between the call and the count.
  const unsigned generation = module_->SessionBegan();
  const CK_RV opened =
      module_->Call(&CK_FUNCTION_LIST::C_OpenSession, id_, flags, nullptr, nullptr, &handle);
  if (opened != CKR_OK) module_->SessionEnded(generation);
  return opened;
}

Result<Session> Slot::OpenWritingSession() {
  if (auto revived = module_->Revive(); !revived) return Fail(std::move(revived));
  const MutexLock lock(sessions_mutex_);
  ForgetOldGeneration();
  if (auto checked = CheckToken(); !checked) return Fail(std::move(checked));
  CK_SESSION_HANDLE handle = 0;
  const CK_RV opened = Open(handle, kWriting);
  if (opened != CKR_OK) return Fail(CkError("OpenSession", opened).In(Name()));
  ++open_;
  Session session(*this, handle, generation_, false);
  session.Discard();
  return session;
}

void Slot::GiveBack(CK_SESSION_HANDLE handle, unsigned generation) {
  const MutexLock lock(sessions_mutex_);
  if (generation != generation_) return;
  idle_.push_back(handle);
  given_back_.notify_one();
}

void Slot::Close(CK_SESSION_HANDLE handle, unsigned generation) {
  const MutexLock lock(sessions_mutex_);
  if (generation != generation_) return;
  // The login ends with the last session, so open another one before closing this one.
  CK_SESSION_HANDLE replacement = 0;
  if (open_ == 1 && Open(replacement) == CKR_OK) {
    ++open_;
    idle_.push_back(replacement);
  }
  module_->Call(&CK_FUNCTION_LIST::C_CloseSession, handle);
  module_->SessionEnded(generation);
  if (--open_ == 0) logged_in_ = false;
  given_back_.notify_one();
}

void Slot::Forget(unsigned generation) {
  const MutexLock lock(sessions_mutex_);
  check_token_ = true;
  module_->SessionEnded(generation);
  if (generation != generation_) return;
  --open_;
  given_back_.notify_one();
}

void Slot::Refresh() {
  const MutexLock lock(sessions_mutex_);
  bool logged_in = false;
  const std::size_t gone = std::erase_if(idle_, [&](CK_SESSION_HANDLE handle) {
    CK_SESSION_INFO info{};
    if (module_->Call(&CK_FUNCTION_LIST::C_GetSessionInfo, handle, &info) == CKR_OK) {
      logged_in = logged_in || IsLoggedIn(info);
      return false;
    }
    module_->SessionEnded(generation_);
    return true;
  });
  open_ -= gone;
  logged_in_ = logged_in;  // such a session is not closed: an open key lives by it
  ask_token_first_ = true;
  check_token_ = true;
  if (saw_rewrite_.exchange(false)) StartAnew();
}

void Slot::CloseIdle() {
  const MutexLock lock(sessions_mutex_);
  if (!logged_in_ && generation_ == module_->generation()) CloseIdleSessions();
}

void Slot::CloseIdleSessions() {
  for (const CK_SESSION_HANDLE handle : idle_) {
    module_->Call(&CK_FUNCTION_LIST::C_CloseSession, handle);
    module_->SessionEnded(generation_);
  }
  open_ -= idle_.size();
  idle_.clear();
}

/// The module keeps wrong data about the token until it is initialised again.
void Slot::StartAnew() {
  CloseIdleSessions();
  const auto restarted = module_->Restart();
  if (!restarted) LogDebug(restarted.error().message);  // the next call fails with the reason
}

Result<void> Slot::CheckToken() const {
  if (!check_token_) return {};
  auto token = ReadTokenInfo();
  return token ? Result<void>() : Fail(std::move(token));
}

Result<CK_TOKEN_INFO> Slot::ReadTokenInfo() const {
  CK_TOKEN_INFO token{};
  const CK_RV read = module_->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id_, &token);
  if (read != CKR_OK) return Fail(CkError("GetTokenInfo", read).In(Name()));
  if (Holds(token)) return token;
  return Fail(ErrorCode::kDeviceLost,
              fmt::format("{} was replaced by token '{}'", Name(), ShownLabel(token)));
}

Result<bool> Slot::ConfirmLogin(const Session& session) {
  CK_SESSION_INFO info{};
  const CK_RV asked = session.Call(&CK_FUNCTION_LIST::C_GetSessionInfo, &info);
  if (asked != CKR_OK) return Fail(CkError("GetSessionInfo", asked).In(Name()));
  logged_in_ = IsLoggedIn(info);
  return logged_in_.load();
}

Result<void> Slot::LogIn(const Session& session, const LoginOptions& options) {
  const MutexLock lock(login_mutex_);
  if (logged_in_ || !NeedsLogin()) return {};
  if (session.reused() || ask_token_first_) {
    const auto logged_in = ConfirmLogin(session);
    if (!logged_in) return Fail(logged_in);
    if (*logged_in) return {};
  }
  if (auto sent = SendLogin(session, options); !sent) {
    return Fail(std::move(sent), fmt::format("logging in to {}", Name()));
  }
  logged_in_ = true;
  ask_token_first_ = false;
  return {};
}

Result<void> Slot::CheckPinState(bool allow_final_try) {
  if (flags_may_be_old_) {
    auto token = ReadTokenInfo();
    if (!token) token.error().code = ErrorCode::kDeviceLost;  // a new look may find it
    if (!token) return Fail(std::move(token));
    UpdateFlags(token->flags);
  }
  if ((flags_ & CKF_USER_PIN_LOCKED) != 0) {
    return Fail(ErrorCode::kPinLocked, "the token's user PIN is locked",
                "it must be unlocked with the SO PIN or the vendor's tool");
  }
  if ((flags_ & CKF_USER_PIN_FINAL_TRY) != 0 && !allow_final_try) {
    return Fail(ErrorCode::kPinLocked, "one more wrong PIN would lock the token, so none is sent",
                Remedy::kAllowFinalTry);
  }
  if ((flags_ & CKF_USER_PIN_INITIALIZED) == 0) {
    saw_rewrite_ = IsSoftHsm(token_);
    return Fail(ErrorCode::kDevice, "the token has no user PIN yet",
                "initialise it first, with the vendor's tool or pkcs11-tool --init-pin");
  }
  return {};
}

/// A PIN given for this login takes precedence over a remembered one.
Result<Secret> Slot::Pin(const LoginOptions& options) const {
  auto pin = options.ask_pin();
  if (!pin && pin.error().code == ErrorCode::kPinRequired) {
    if (auto remembered = pins_->Remembered()) pin = *std::move(remembered);
  }
  if (!pin) return pin;
  if (pin->empty()) return Fail(ErrorCode::kPinIncorrect, "the PIN given is empty");
  return pin;
}

Result<void> Slot::SendLogin(const Session& session, const LoginOptions& options) {
  if (auto allowed = CheckPinState(options.allow_final_try); !allowed) return allowed;
  const auto pin = HasProtectedPath() ? Result<Secret>(Secret()) : Pin(options);
  if (!pin) return Fail(pin);
  const auto accepted = SendPin(session, PinRecord::Kind::kUser, *pin);
  if (!accepted) return Fail(accepted);
  if (*accepted && options.remember_pin && !pin->empty()) pins_->Remember(*pin);
  return {};
}

Result<void> Slot::LogInForSignature(const Session& session, const Secret& pin,
                                     bool allow_final_try) {
  if (auto allowed = CheckPinState(allow_final_try); !allowed) return allowed;
  const auto accepted = SendPin(session, PinRecord::Kind::kContext, pin);
  if (!accepted) return Fail(accepted);
  return {};
}

Result<bool> Slot::SendPin(const Session& session, PinRecord::Kind kind, const Secret& pin) {
  const CK_USER_TYPE user = kind == PinRecord::Kind::kUser ? CKU_USER : CKU_CONTEXT_SPECIFIC;
  const bool typed_at_token = HasProtectedPath();
  if (!typed_at_token && pins_->WasRefused(kind, pin)) return RefusedBefore();
  const LoginCall login;
  const CK_RV result =
      session.Call(&CK_FUNCTION_LIST::C_Login, user, typed_at_token ? nullptr : PinBytes(pin),
                   typed_at_token ? CK_ULONG{0} : static_cast<CK_ULONG>(pin.size()));
  if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN) {
    LoginCall::NoteAccepted();
    return result == CKR_OK;
  }
  Error error = LoginError(result);
  saw_rewrite_ = CouldNotReadPin(result);
  if (saw_rewrite_) return Fail(std::move(error));
  if (MayUnlockItself(result)) return LockedOut();
  const bool refused =
      error.code == ErrorCode::kPinIncorrect || error.code == ErrorCode::kPinLocked;
  if (!typed_at_token && (refused || WasCounted(result))) pins_->Refuse(kind, pin);
  return Fail(std::move(error));
}

/// Recognises SoftHSM's answers if its file had no PIN at that moment. SoftHSM would note a wrong
/// PIN in the token's flags.
bool Slot::CouldNotReadPin(CK_RV result) const {
  if (!IsSoftHsm(token_)) return false;
  if (result != CKR_USER_PIN_NOT_INITIALIZED && result != CKR_GENERAL_ERROR) return false;
  CK_TOKEN_INFO token{};
  return module_->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id_, &token) != CKR_OK ||
         (token.flags & kCounted) == 0;
}

/// tpm2-pkcs11 answers this while its TPM is in dictionary-attack lockout, without checking the
/// PIN.
bool Slot::MayUnlockItself(CK_RV result) {
  if (result != CKR_PIN_LOCKED) return false;
  CK_TOKEN_INFO token{};
  if (module_->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id_, &token) != CKR_OK) return false;
  UpdateFlags(token.flags);
  return (token.flags & CKF_USER_PIN_LOCKED) == 0;
}

/// Some modules report a wrong PIN with a general code; the token's flags tell.
bool Slot::WasCounted(CK_RV result) {
  if (result != CKR_GENERAL_ERROR && result != CKR_FUNCTION_FAILED && result != CKR_DEVICE_ERROR) {
    return false;
  }
  CK_TOKEN_INFO token{};
  if (module_->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id_, &token) != CKR_OK) return true;
  UpdateFlags(token.flags);
  return (token.flags & kCounted) != 0;
}

}  // namespace credmint::pkcs11
