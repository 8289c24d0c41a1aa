// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace credmint::test::misbehaving {

/// How misbehaving-module.so misbehaves: the environment variable MISBEHAVING_MODULE, settings
/// separated by commas. A CODE is a name (CKR_PIN_LOCKED, CKM_ECDSA, CKA_ID) or a number.
///
/// * C_Function=CODE: that function only answers this code, such as C_FindObjects.
/// * initialize=CODE: C_Initialize only answers this code.
/// * login=CODE: C_Login of the user only answers this code; if it is CKR_USER_ALREADY_LOGGED_IN,
///   the user is logged in all the same.
/// * context-login=CODE: context-specific C_Login only answers this code.
/// * sign-init=CODE: C_SignInit only answers this code.
/// * sign=CODE: C_Sign answers this code, and the operation is over.
/// * sign-once=CODE: the same, once.
/// * short-signature: signatures lack their last byte.
/// * wrong-signature: signatures have their last bit flipped.
/// * slow=MILLISECONDS: C_Sign takes that much longer.
/// * mechanism-absent=CODE: the mechanism is not listed, and C_SignInit answers
///   CKR_MECHANISM_INVALID for it; may be repeated.
/// * sessions-invalidated: once, C_SignInit first closes all sessions of the slot.
/// * logged-out: once, C_SignInit first logs the user out.
/// * finalized: once, C_SignInit first finalises the module behind.
/// * no-read-only-sessions: C_OpenSession without CKF_RW_SESSION answers CKR_FUNCTION_FAILED.
/// * sessions=N: there are no more than N sessions at once, then CKR_SESSION_COUNT.
/// * token-removed: no slot has a token, and calls on sessions answer CKR_DEVICE_REMOVED; once the
///   setting is gone, CKR_SESSION_HANDLE_INVALID.
/// * moved: slot ids are one more than otherwise.
/// * slot-zero: the slot of the first initialised token has the id 0.
/// * pin-count-low, pin-final-try: flags of the token, without more.
/// * pin-locked: a flag of the token, and C_Login answers CKR_PIN_LOCKED.
/// * locked-by-login: C_Login answers CKR_PIN_LOCKED, and that is a flag of the token from then on.
/// * unreadable-once-open: from the first C_OpenSession on C_GetTokenInfo answers
///   CKR_GENERAL_ERROR, until the module has been finalised once.
/// * pin-not-initialized: the token lacks CKF_USER_PIN_INITIALIZED, and C_Login answers
///   CKR_USER_PIN_NOT_INITIALIZED.
/// * no-login-required: the token lacks CKF_LOGIN_REQUIRED, and new sessions see its private
///   objects.
/// * protected-path: a flag of the token; C_Login takes only a null PIN and logs in all the same,
///   else it answers CKR_ARGUMENTS_BAD.
/// * garbage-certificate or garbage-certificate=LABEL: CKA_VALUE of the first certificate that is
///   read, or of the one with that label, has every bit flipped.
/// * absent-attribute=CODE: C_GetAttributeValue answers CKR_ATTRIBUTE_TYPE_INVALID for the
///   attribute, with the length (CK_ULONG)-1; may be repeated.
/// * huge-attribute=CODE: C_GetAttributeValue gives the attribute's length as (CK_ULONG)-1 / 2,
///   whatever the buffer; may be repeated.
/// * long-attribute=CODE: C_GetAttributeValue answers CKR_BUFFER_TOO_SMALL and gives the
/// attribute's
///   length as 4096 more than there is room for; may be repeated.
/// * own-point=HEX, own-public-key-info=HEX: C_GetAttributeValue of a private key shows these bytes
///   as CKA_EC_POINT or CKA_PUBLIC_KEY_INFO.
/// * prints=TEXT: C_Initialize first writes a line to stderr.
/// * other-maker: by their manufacturer, tokens and slots are not SoftHSM's.
/// * nul-padded: a token's label, manufacturer, model and serial number end with NULs, not blanks.
/// * fork-reset: in a child of the process that initialised it every function answers
///   CKR_CRYPTOKI_NOT_INITIALIZED until C_Initialize.
/// * arming=ANYTHING: nothing by itself.
///
/// A fault that comes once is armed again whenever the text of the variable is another than at the
/// call before; `arming` is there to make it another. An unknown setting ends the process, so that
/// no test goes on without its fault.
class Settings {
 public:
  static Settings Parse(std::string text);

  [[nodiscard]] bool Has(std::string_view name) const;
  /// The value as it stands there, empty for a setting without value.
  [[nodiscard]] std::optional<std::string> Text(std::string_view name) const;
  [[nodiscard]] std::optional<unsigned long> Number(std::string_view name) const;
  /// Whether one of the settings of this name has this value.
  [[nodiscard]] bool HasNumber(std::string_view name, unsigned long value) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Setting {
    std::string name;
    std::string value;
    unsigned long number = 0;
  };
  static Setting ParseOne(std::string_view text);
  [[nodiscard]] const Setting* Find(std::string_view name) const;

  std::string text_;
  std::vector<Setting> settings_;
};

}  // namespace credmint::test::misbehaving
