// SPDX-License-Identifier: Apache-2.0
#include "support/misbehaving_settings.h"

#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <utility>

namespace credmint::test::misbehaving {
namespace {

#define NAMED(constant) \
  { #constant, constant }

constexpr std::pair<std::string_view, unsigned long> kConstants[] = {
    NAMED(CKR_OK),
    NAMED(CKR_HOST_MEMORY),
    NAMED(CKR_SLOT_ID_INVALID),
    NAMED(CKR_GENERAL_ERROR),
    NAMED(CKR_FUNCTION_FAILED),
    NAMED(CKR_ARGUMENTS_BAD),
    NAMED(CKR_CANT_LOCK),
    NAMED(CKR_NEED_TO_CREATE_THREADS),
    NAMED(CKR_ACTION_PROHIBITED),
    NAMED(CKR_ATTRIBUTE_READ_ONLY),
    NAMED(CKR_ATTRIBUTE_TYPE_INVALID),
    NAMED(CKR_CURVE_NOT_SUPPORTED),
    NAMED(CKR_TOKEN_WRITE_PROTECTED),
    NAMED(CKR_DATA_INVALID),
    NAMED(CKR_DATA_LEN_RANGE),
    NAMED(CKR_DEVICE_ERROR),
    NAMED(CKR_DEVICE_MEMORY),
    NAMED(CKR_DEVICE_REMOVED),
    NAMED(CKR_FUNCTION_CANCELED),
    NAMED(CKR_FUNCTION_NOT_SUPPORTED),
    NAMED(CKR_FUNCTION_REJECTED),
    NAMED(CKR_KEY_HANDLE_INVALID),
    NAMED(CKR_KEY_SIZE_RANGE),
    NAMED(CKR_KEY_TYPE_INCONSISTENT),
    NAMED(CKR_KEY_FUNCTION_NOT_PERMITTED),
    NAMED(CKR_MECHANISM_INVALID),
    NAMED(CKR_MECHANISM_PARAM_INVALID),
    NAMED(CKR_OBJECT_HANDLE_INVALID),
    NAMED(CKR_OPERATION_ACTIVE),
    NAMED(CKR_OPERATION_NOT_INITIALIZED),
    NAMED(CKR_PIN_INCORRECT),
    NAMED(CKR_PIN_INVALID),
    NAMED(CKR_PIN_LEN_RANGE),
    NAMED(CKR_PIN_EXPIRED),
    NAMED(CKR_PIN_LOCKED),
    NAMED(CKR_SESSION_CLOSED),
    NAMED(CKR_SESSION_COUNT),
    NAMED(CKR_SESSION_HANDLE_INVALID),
    NAMED(CKR_SESSION_READ_ONLY_EXISTS),
    NAMED(CKR_TOKEN_NOT_PRESENT),
    NAMED(CKR_TOKEN_NOT_RECOGNIZED),
    NAMED(CKR_USER_ALREADY_LOGGED_IN),
    NAMED(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
    NAMED(CKR_USER_NOT_LOGGED_IN),
    NAMED(CKR_USER_PIN_NOT_INITIALIZED),
    NAMED(CKR_USER_TOO_MANY_TYPES),
    NAMED(CKR_USER_TYPE_INVALID),
    NAMED(CKR_BUFFER_TOO_SMALL),
    NAMED(CKR_CRYPTOKI_NOT_INITIALIZED),
    NAMED(CKR_CRYPTOKI_ALREADY_INITIALIZED),
    NAMED(CKM_EC_EDWARDS_KEY_PAIR_GEN),
    NAMED(CKM_EC_KEY_PAIR_GEN),
    NAMED(CKM_RSA_PKCS_KEY_PAIR_GEN),
    NAMED(CKM_RSA_PKCS),
    NAMED(CKM_RSA_X_509),
    NAMED(CKM_RSA_PKCS_PSS),
    NAMED(CKM_SHA256_RSA_PKCS),
    NAMED(CKM_SHA384_RSA_PKCS),
    NAMED(CKM_SHA512_RSA_PKCS),
    NAMED(CKM_ECDSA),
    NAMED(CKM_ECDSA_SHA256),
    NAMED(CKM_ECDSA_SHA384),
    NAMED(CKM_ECDSA_SHA512),
    NAMED(CKA_ALWAYS_AUTHENTICATE),
    NAMED(CKA_CLASS),
    NAMED(CKA_EC_PARAMS),
    NAMED(CKA_EC_POINT),
    NAMED(CKA_ID),
    NAMED(CKA_KEY_TYPE),
    NAMED(CKA_LABEL),
    NAMED(CKA_MODULUS),
    NAMED(CKA_PUBLIC_EXPONENT),
    NAMED(CKA_VALUE),
};

#undef NAMED

enum class Value { kNone, kNumber, kText };

constexpr std::pair<std::string_view, Value> kSettings[] = {
    {"abort", Value::kText},
    {"absent-attribute", Value::kNumber},
    {"arming", Value::kText},
    {"close-all", Value::kText},
    {"context-login", Value::kNumber},
    {"eat-memory", Value::kText},
    {"exit", Value::kText},
    {"exit-1", Value::kText},
    {"finalized", Value::kNone},
    {"flood", Value::kText},
    {"fork", Value::kText},
    {"fork-reset", Value::kNone},
    {"garbage-certificate", Value::kText},
    {"hang", Value::kText},
    {"huge-attribute", Value::kNumber},
    {"initialize", Value::kNumber},
    {"initialised-meanwhile", Value::kNone},
    {"locked-by-login", Value::kNone},
    {"unreadable-once-open", Value::kNone},
    {"weak-keys", Value::kNone},
    {"late", Value::kText},
    {"logged-out", Value::kNone},
    {"login", Value::kNumber},
    {"long-attribute", Value::kNumber},
    {"mechanism-absent", Value::kNumber},
    {"moved", Value::kNone},
    {"no-login-required", Value::kNone},
    {"nul-padded", Value::kNone},
    {"other-maker", Value::kNone},
    {"own-point", Value::kText},
    {"own-public-key-info", Value::kText},
    {"pin-count-low", Value::kNone},
    {"pin-final-try", Value::kNone},
    {"so-pin-final-try", Value::kNone},
    {"pin-locked", Value::kNone},
    {"pin-not-initialized", Value::kNone},
    {"prints", Value::kText},
    {"protected-path", Value::kNone},
    {"no-read-only-sessions", Value::kNone},
    {"rewritten-for-a-moment", Value::kNone},
    {"rewritten-while-searched", Value::kNone},
    {"segfault", Value::kText},
    {"sessions", Value::kNumber},
    {"sessions-invalidated", Value::kNone},
    {"short-signature", Value::kNone},
    {"sign", Value::kNumber},
    {"sign-init", Value::kNumber},
    {"sign-once", Value::kNumber},
    {"slot-zero", Value::kNone},
    {"slow", Value::kNumber},
    {"slow-initialize", Value::kNumber},
    {"spoil", Value::kText},
    {"thread-stays", Value::kText},
    {"token-removed", Value::kNone},
    {"wrong-signature", Value::kNone},
};

[[noreturn]] void Refuse(std::string_view setting) {
  fprintf(stderr, "misbehaving-module: cannot understand the setting '%.*s'\n",
          static_cast<int>(setting.size()), setting.data());
  abort();
}

std::optional<unsigned long> ToNumber(const std::string& value) {
  for (const auto& [name, number] : kConstants) {
    if (name == value) return number;
  }
  char* end = nullptr;
  const unsigned long number = strtoul(value.c_str(), &end, 0);
  return value.empty() || *end != '\0' ? std::nullopt : std::optional(number);
}

std::optional<Value> KindOf(std::string_view name) {
  if (name.starts_with("C_")) return Value::kNumber;
  const auto* const known =
      std::find_if(std::begin(kSettings), std::end(kSettings),
                   [name](const auto& setting) { return setting.first == name; });
  return known == std::end(kSettings) ? std::nullopt : std::optional(known->second);
}

}  // namespace

Settings::Setting Settings::ParseOne(std::string_view text) {
  const std::size_t equals = text.find('=');
  const bool has_value = equals != std::string_view::npos;
  Setting setting{std::string(text.substr(0, equals)), {}, 0};
  if (has_value) setting.value = text.substr(equals + 1);
  const auto kind = KindOf(setting.name);
  if (!kind || (*kind == Value::kNone && has_value)) Refuse(text);
  if (*kind == Value::kNumber) {
    const auto number = ToNumber(setting.value);
    if (!number) Refuse(text);
    setting.number = *number;
  }
  return setting;
}

Settings Settings::Parse(std::string text) {
  Settings settings;
  settings.text_ = std::move(text);
  std::string_view rest = settings.text_;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma > 0) settings.settings_.push_back(ParseOne(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return settings;
}

const Settings::Setting* Settings::Find(std::string_view name) const {
  const auto found = std::find_if(settings_.begin(), settings_.end(),
                                  [name](const Setting& setting) { return setting.name == name; });
  return found == settings_.end() ? nullptr : &*found;
}

bool Settings::Has(std::string_view name) const { return Find(name) != nullptr; }

std::optional<std::string> Settings::Text(std::string_view name) const {
  const Setting* setting = Find(name);
  return setting == nullptr ? std::nullopt : std::optional(setting->value);
}

std::optional<unsigned long> Settings::Number(std::string_view name) const {
  const Setting* setting = Find(name);
  return setting == nullptr ? std::nullopt : std::optional(setting->number);
}

bool Settings::HasNumber(std::string_view name, unsigned long value) const {
  return std::any_of(settings_.begin(), settings_.end(), [&](const Setting& setting) {
    return setting.name == name && setting.number == value;
  });
}

}  // namespace credmint::test::misbehaving
