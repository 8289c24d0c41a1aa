#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace credmint::test::misbehaving {

/// How misbehaving-module.so misbehaves: the environment variable MISBEHAVING_MODULE, settings
/// separated by commas. A CODE is a name ("CKR_PIN_LOCKED") or a number ("0x80000001").
///
/// | setting                     | fault |
/// |-----------------------------|-----------------------------------------------------------------|
/// | C_Function=CODE             | that function only answers this code | | initialize=CODE |
/// C_Initialize only answers this code                             | | login=CODE | C_Login of the
/// user only answers this code; with                | |                             |
/// CKR_USER_ALREADY_LOGGED_IN the user then is logged in           | | context-login=CODE |
/// context-specific C_Login only answers this code                 | | sign-init=CODE | C_SignInit
/// only answers this code                               | | sign=CODE                   | C_Sign
/// answers this code, which ends the operation              | | sign-once=CODE              | the
/// same, once                                                  | | short-signature             |
/// signatures lack their last byte                                 | | wrong-signature | signatures
/// have their last bit flipped                          | | slow=MILLISECONDS           | C_Sign
/// takes that long                                          | | mechanism-absent=CKM        | not
/// listed, and refused by C_SignInit; may be repeated          | | sessions-invalidated        |
/// once, C_SignInit first closes all sessions of the slot          | | logged-out | once,
/// C_SignInit first logs the user out                        | | finalized                   |
/// once, C_SignInit first finalises the module behind              | | sessions=N | no more than N
/// sessions at once, then CKR_SESSION_COUNT         | | token-removed               | slots have no
/// token; calls on sessions answer                   | |                             |
/// CKR_DEVICE_REMOVED, and once the setting is gone                | | | CKR_SESSION_HANDLE_INVALID
/// | | moved                       | slot ids are one more than otherwise | | slot-zero | the slot
/// of the first initialised token has the id 0            | | pin-count-low               | flag of
/// the token                                               | | pin-final-try               | flag
/// of the token                                               | | pin-locked                  |
/// flag of the token, and C_Login answers CKR_PIN_LOCKED           | | pin-not-initialized | no
/// CKF_USER_PIN_INITIALIZED, and C_Login answers                | |                             |
/// CKR_USER_PIN_NOT_INITIALIZED                                    | | no-login-required | no
/// CKF_LOGIN_REQUIRED; new sessions see private objects         | | protected-path              |
/// flag of the token; C_Login takes only a null PIN and uses its   | | | own, else
/// CKR_ARGUMENTS_BAD                                     | | garbage-certificate[=LABEL] |
/// CKA_VALUE of the certificate with that label, or else of the    | | | first one that is read,
/// has every bit flipped                   | | absent-attribute=CKA        |
/// CKR_ATTRIBUTE_TYPE_INVALID and the length (CK_ULONG)-1          | | huge-attribute=CKA | CKR_OK
/// and the length (CK_ULONG)-1 / 2, whatever the buffer     | | fork-reset                  | in a
/// child of the process that initialised it every function    | |                             |
/// answers CKR_CRYPTOKI_NOT_INITIALIZED until C_Initialize         | | arming=ANYTHING | nothing by
/// itself                                               |
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
