// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/token_maker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/shown_value.h"
#include "pkcs11/object_uri.h"
#include "pkcs11/pin_bytes.h"
#include "pkcs11/provider/listing.h"
#include "pkcs11/slot.h"
#include "pkcs11/slot_table.h"

namespace credmint::pkcs11 {
namespace {

using provider::ListedObject;

struct FreeSlot {
  CK_SLOT_ID id = 0;
  CK_TOKEN_INFO token{};

  [[nodiscard]] bool IsTypedAtToken() const {
    return (token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  }
};

/// The label of C_InitToken: padded with blanks, no NUL at its end (PKCS#11 v2.40 section 5.5).
std::array<CK_UTF8CHAR, sizeof CK_TOKEN_INFO::label> Padded(const std::string& label) {
  std::array<CK_UTF8CHAR, sizeof CK_TOKEN_INFO::label> padded{};
  padded.fill(' ');
  memcpy(padded.data(), label.data(), std::min(label.size(), padded.size()));
  return padded;
}

tl::unexpected<Error> LabelIsTaken(const std::string& label, CK_FLAGS flags) {
  const bool has_pin = (flags & CKF_USER_PIN_INITIALIZED) != 0;
  return Fail(ErrorCode::kUsage,
              fmt::format("there is a token {} already{}", Shown(label),
                          has_pin ? "" : ", which has no user PIN"),
              has_pin
                  ? "it is not touched, as its keys would be lost: choose another token=LABEL"
                  : "it is not touched: set its user PIN with pkcs11-tool --init-pin, or choose "
                    "another token=LABEL");
}

/// Whether a free token is the one that the URI means, whatever label the URI wants it to have.
bool IsMeant(const Module& module, const Uri& uri, CK_SLOT_ID id, CK_TOKEN_INFO token,
             const std::string& label) {
  const auto padded = Padded(label);
  memcpy(token.label, padded.data(), padded.size());
  CK_SLOT_INFO info{};
  module.Call(&CK_FUNCTION_LIST::C_GetSlotInfo, id, &info);
  return uri.MatchesSlotId(id) && uri.MatchesSlot(info) && uri.MatchesToken(token);
}

Result<FreeSlot> FindFreeSlot(const Module& module, const Uri& uri, const std::string& label) {
  const auto ids = SlotTable::SlotIds(module, CK_TRUE);
  if (!ids) return Fail(ids);
  std::vector<FreeSlot> found;
  for (const CK_SLOT_ID id : *ids) {
    FreeSlot slot{id, {}};
    if (module.Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &slot.token) != CKR_OK) continue;
    if ((slot.token.flags & CKF_TOKEN_INITIALIZED) == 0) {
      if (IsMeant(module, uri, id, slot.token, label)) found.push_back(slot);
    } else if (PaddedText(slot.token.label) == label) {
      return LabelIsTaken(label, slot.token.flags);
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Fail(ErrorCode::kKeyNotFound,
                fmt::format("{} shows no free slot that the URI means", module.path()),
                "an initialised token is cleared with its vendor's tool only");
  }
  std::vector<std::string> uris;
  for (const FreeSlot& slot : found) {
    CK_SLOT_INFO info{};
    module.Call(&CK_FUNCTION_LIST::C_GetSlotInfo, slot.id, &info);
    uris.push_back(SlotUri(module, slot.id, info));
  }
  return Fail(ErrorCode::kKeyAmbiguous,
              fmt::format("{} slots are free: {}", found.size(), fmt::join(uris, ", ")),
              "add slot-id=NUMBER to the URI");
}

/// Another process may have been faster. C_InitToken would clear its token.
Result<void> CheckIsStillFree(const Module& module, const FreeSlot& slot) {
  CK_TOKEN_INFO token{};
  const CK_RV read = module.Call(&CK_FUNCTION_LIST::C_GetTokenInfo, slot.id, &token);
  if (read != CKR_OK) return Fail(CkError("GetTokenInfo", read));
  if ((token.flags & CKF_TOKEN_INITIALIZED) == 0) return {};
  return Fail(ErrorCode::kUsage, "another process has initialised the token meanwhile",
              "run the command again, and choose another slot");
}

/// Checked first: after C_InitToken, a refused user PIN would leave half a token.
Result<void> CheckPinLength(const CK_TOKEN_INFO& token, const char* name, const Secret& pin) {
  if (pin.empty()) return Fail(ErrorCode::kPinRequired, fmt::format("no {} is given", name));
  const bool is_known = token.ulMaxPinLen > 0 && token.ulMaxPinLen != CK_UNAVAILABLE_INFORMATION;
  if (!is_known || (token.ulMinPinLen <= pin.size() && pin.size() <= token.ulMaxPinLen)) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("the {} is too short or too long: the token wants {} to {} bytes", name,
                          token.ulMinPinLen, token.ulMaxPinLen));
}

/// The failure of a call with the SO PIN, in words about that PIN.
Error SoError(const char* function, CK_RV result) {
  if (result == CKR_PIN_INCORRECT) {
    return {ErrorCode::kPinIncorrect, "the token refused the SO PIN (CKR_PIN_INCORRECT)",
            "it was sent once; a new token may have an SO PIN of its maker"};
  }
  if (result == CKR_PIN_LOCKED) {
    return {ErrorCode::kPinLocked, "the token's SO PIN is locked (CKR_PIN_LOCKED)"};
  }
  Error error = CkError(function, result);
  if (error.code == ErrorCode::kDeviceLost) error.code = ErrorCode::kDevice;
  return error;
}

/// A free token's PIN of its maker may have been tried before. CKF_SO_PIN_LOCKED says nothing:
/// SoftHSM sets it on all free tokens.
Result<void> CheckSoPinState(CK_FLAGS flags, bool allow_final_try) {
  if ((flags & CKF_SO_PIN_FINAL_TRY) == 0 || allow_final_try) return {};
  return Fail(ErrorCode::kPinLocked, "one more wrong SO PIN would lock the token, so none is sent",
              Remedy::kAllowFinalTry);
}

/// An own session, since the slot's pool is for users.
class OfficerSession {
 public:
  OfficerSession(const Module& module, const FreeSlot& slot) : module_(module), slot_(slot) {}
  OfficerSession(const OfficerSession&) = delete;
  OfficerSession& operator=(const OfficerSession&) = delete;
  ~OfficerSession() {
    if (logged_in_) module_.Call(&CK_FUNCTION_LIST::C_Logout, handle_);
    if (open_) module_.Call(&CK_FUNCTION_LIST::C_CloseSession, handle_);
  }

  Result<void> SetUserPin(const Secret& so_pin, const Secret& user_pin) {
    const CK_RV opened =
        module_.Call(&CK_FUNCTION_LIST::C_OpenSession, slot_.id,
                     CK_FLAGS{CKF_SERIAL_SESSION | CKF_RW_SESSION}, nullptr, nullptr, &handle_);
    if (opened != CKR_OK) return Fail(SoError("OpenSession", opened));
    open_ = true;
    const bool typed = slot_.IsTypedAtToken();
    const CK_RV logged_in = module_.Call(&CK_FUNCTION_LIST::C_Login, handle_, CK_USER_TYPE{CKU_SO},
                                         typed ? nullptr : PinBytes(so_pin),
                                         typed ? CK_ULONG{0} : CK_ULONG{so_pin.size()});
    if (logged_in != CKR_OK) return Fail(SoError("Login", logged_in));
    logged_in_ = true;
    const CK_RV set =
        module_.Call(&CK_FUNCTION_LIST::C_InitPIN, handle_, typed ? nullptr : PinBytes(user_pin),
                     typed ? CK_ULONG{0} : CK_ULONG{user_pin.size()});
    if (set != CKR_OK) return Fail(CkError("InitPIN", set));
    return {};
  }

 private:
  const Module& module_;
  const FreeSlot& slot_;
  CK_SESSION_HANDLE handle_ = 0;
  bool open_ = false;
  bool logged_in_ = false;
};

Result<std::string> LabelOf(const Uri& uri) {
  std::string label = uri.TokenLabel();
  if (label.empty()) {
    return Fail(ErrorCode::kUsage, "the URI gives the token no label", "write pkcs11:token=LABEL");
  }
  if (!uri.ObjectTemplate().empty() || uri.object_class()) {
    return Fail(ErrorCode::kUsage, "the URI names an object, not a token",
                "write pkcs11:token=LABEL");
  }
  return label;
}

}  // namespace

Result<std::vector<ListedObject>> MakeToken(const LoadRequest& request, const Secret& so_pin,
                                            const Secret& user_pin) {
  const auto label = LabelOf(request.uri);
  if (!label) return Fail(label);
  const auto module = Module::Load(request.module_path);
  if (!module) return Fail(module);
  auto slot = FindFreeSlot(**module, request.uri, *label);
  if (!slot) return Fail(slot);
  if (auto good = CheckSoPinState(slot->token.flags, request.allow_final_try); !good) {
    return Fail(std::move(good));
  }
  const bool typed = slot->IsTypedAtToken();
  for (const auto& [name, pin] : {std::pair{"SO PIN", &so_pin}, std::pair{"user PIN", &user_pin}}) {
    if (typed) break;
    if (auto good = CheckPinLength(slot->token, name, *pin); !good) return Fail(std::move(good));
  }
  if (auto is_free = CheckIsStillFree(**module, *slot); !is_free) return Fail(std::move(is_free));
  auto padded = Padded(*label);
  const CK_RV made =
      (*module)->Call(&CK_FUNCTION_LIST::C_InitToken, slot->id, typed ? nullptr : PinBytes(so_pin),
                      typed ? CK_ULONG{0} : CK_ULONG{so_pin.size()}, padded.data());
  if (made != CKR_OK) return Fail(SoError("InitToken", made));
  if (auto set = OfficerSession(**module, *slot).SetUserPin(so_pin, user_pin); !set) {
    set.error().message += "; the token is there now, without a user PIN";
    return Fail(std::move(set));
  }
  const CK_RV read = (*module)->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, slot->id, &slot->token);
  if (read != CKR_OK) return Fail(CkError("GetTokenInfo", read));
  return std::vector{DescribeToken(Slot(*module, slot->id, slot->token))};
}

}  // namespace credmint::pkcs11
