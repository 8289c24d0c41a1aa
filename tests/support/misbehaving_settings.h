// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace credmint::test::misbehaving {

/// The faults of misbehaving-module.so: the environment variable MISBEHAVING_MODULE, a
/// comma-separated list of settings. A CODE is a name (CKR_PIN_LOCKED, CKM_ECDSA, CKA_ID) or a
/// number. Settings marked with + may be repeated.
///
/// * C_Function=CODE: that function (C_FindObjects, for example) returns CODE and does nothing.
/// * initialize=CODE: C_Initialize returns CODE and does nothing.
/// * login=CODE: C_Login of the user returns CODE. With CKR_USER_ALREADY_LOGGED_IN the user is
///   logged in first, otherwise not.
/// * context-login=CODE: a context-specific C_Login returns CODE and does nothing.
/// * sign-init=CODE: C_SignInit returns CODE and does nothing.
/// * sign=CODE: C_Sign ends the operation and returns CODE.
/// * sign-once=CODE: the same, once.
/// * short-signature: signatures lack their last byte.
/// * wrong-signature: signatures have their last bit flipped.
/// * slow=MILLISECONDS: C_Sign takes that much longer.
/// * slow-initialize=MILLISECONDS: so does C_Initialize.
/// * mechanism-absent=CODE +: the mechanism is not listed, and C_SignInit with it returns
///   CKR_MECHANISM_INVALID.
/// * sessions-invalidated: once, C_SignInit first closes all sessions of the slot.
/// * logged-out: once, C_SignInit first logs the user out.
/// * finalized: once, C_SignInit first finalises the real module.
/// * no-read-only-sessions: C_OpenSession without CKF_RW_SESSION returns CKR_FUNCTION_FAILED.
/// * sessions=N: at most N sessions are open; opening another returns CKR_SESSION_COUNT.
/// * token-removed: no slot has a token, and calls on sessions return CKR_DEVICE_REMOVED. Once the
///   setting is gone they return CKR_SESSION_HANDLE_INVALID.
/// * moved: slot IDs are one higher than usual.
/// * slot-zero: the slot of the first initialised token has the ID 0.
/// * pin-count-low, pin-final-try, so-pin-final-try: the token has that flag; nothing else changes.
/// * pin-locked: the token has that flag, and C_Login returns CKR_PIN_LOCKED.
/// * locked-by-login: C_Login returns CKR_PIN_LOCKED, and the token has that flag from then on.
/// * unreadable-once-open: C_GetTokenInfo returns CKR_GENERAL_ERROR from the first C_OpenSession
///   until the module has been finalised once.
/// * rewritten-while-searched: once, C_FindObjectsInit returns CKR_DEVICE_ERROR, and from then on
///   C_GetTokenInfo returns CKR_GENERAL_ERROR until the module has been finalised once.
/// * rewritten-for-a-moment: the same, but only the next five calls of C_GetTokenInfo fail.
/// * pin-not-initialized: the token lacks CKF_USER_PIN_INITIALIZED, and C_Login returns
///   CKR_USER_PIN_NOT_INITIALIZED.
/// * no-login-required: the token lacks CKF_LOGIN_REQUIRED, and new sessions see its private
///   objects.
/// * protected-path: the token has that flag. C_Login logs in with a null PIN and returns
///   CKR_ARGUMENTS_BAD for any other.
/// * garbage-certificate: CKA_VALUE of the first certificate that is read has every bit flipped.
/// * garbage-certificate=LABEL: the same for the certificate with that label.
/// * absent-attribute=CODE +: C_GetAttributeValue returns CKR_ATTRIBUTE_TYPE_INVALID for the
///   attribute, with the length (CK_ULONG)-1.
/// * huge-attribute=CODE +: C_GetAttributeValue returns the length (CK_ULONG)-1 / 2 for the
///   attribute, whatever the size of the buffer.
/// * long-attribute=CODE +: C_GetAttributeValue returns CKR_BUFFER_TOO_SMALL and a length 4096
///   bytes above the size of the buffer.
/// * weak-keys: C_GenerateKeyPair makes private keys extractable and not sensitive.
/// * own-point=HEX, own-public-key-info=HEX: private keys have these bytes as CKA_EC_POINT or
///   CKA_PUBLIC_KEY_INFO.
/// * prints=TEXT: C_Initialize first writes the text and a newline to stderr.
/// * other-maker: tokens and slots name a manufacturer other than SoftHSM's.
/// * nul-padded: a token's label, manufacturer, model and serial number are padded with NULs
///   instead of blanks.
/// * fork-reset: in a child of the initialising process every function returns
///   CKR_CRYPTOKI_NOT_INITIALIZED until C_Initialize.
/// * segfault=C_Function, abort=C_Function: the process ends by that signal in the function.
/// * exit=C_Function, exit-1=C_Function: it ends by exit(0) or exit(1).
/// * hang=C_Function: the function does not return.
/// * late=C_Function: the function begins two seconds later.
/// * flood=C_Function: it first writes 100 MB to stdout.
/// * close-all=C_Function: it first closes all descriptors above 2.
/// * spoil=C_Function: it first sets signal handlers, umask, locale, directory and environment.
/// * fork=C_Function: it first starts a child that stays for five seconds.
/// * thread-stays=C_Function: it first starts a thread that runs for ever.
/// * eat-memory=C_Function: it first allocates and fills memory without end.
/// * initialised-meanwhile: the second look at a free token (C_GetTokenInfo) shows it initialised.
/// * arming=ANYTHING: no fault; see below.
///
/// A one-time fault is armed again when the variable's text differs from that of the previous call;
/// `arming` exists to change the text. An unknown setting aborts the process, so that no test runs
/// without its fault.
class Settings {
 public:
  static Settings Parse(std::string text);

  [[nodiscard]] bool Has(std::string_view name) const;
  /// The value as written; empty for a setting without a value.
  [[nodiscard]] std::optional<std::string> Text(std::string_view name) const;
  [[nodiscard]] std::optional<unsigned long> Number(std::string_view name) const;
  /// Whether a setting of this name has this value.
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
