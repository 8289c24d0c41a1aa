// SPDX-License-Identifier: Apache-2.0
// Fed: a line with the name of a profile, and the text of a shared credentials file.
//
// Holds: a text that is accepted is accepted again once it was edited, and the same edit changes
// nothing then. The profile has the new values, and all other settings stay.

#include <string>
#include <vector>

#include "credentials/profile/credentials_file.h"
#include "credentials/profile/ini_lines.h"
#include "fuzz/input.h"
#include "fuzz/require.h"

namespace credmint {
namespace {

using test::Require;

/// A setting as botocore reads it. The key is in lower case.
struct Setting {
  std::string section;
  std::string key;
  std::string value;

  bool operator==(const Setting&) const = default;
};

std::vector<Setting> SettingsIn(std::string_view text) {
  std::vector<Setting> settings;
  bool in_setting = false;
  for (const IniLine& line : ReadIniLines(text)) {
    if (line.kind == IniLine::Kind::kContinuation && in_setting) {
      settings.back().value += std::string("\n") + std::string(line.text);
    }
    if (line.kind == IniLine::Kind::kIgnored || line.kind == IniLine::Kind::kContinuation) continue;
    in_setting = line.kind == IniLine::Kind::kOption;
    if (!in_setting) continue;
    settings.push_back(
        {std::string(line.section), {}, std::string(line.text.substr(line.value_at))});
    for (const char c : line.name) {
      settings.back().key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return settings;
}

/// Takes the written keys of the profile out.
std::vector<std::string> TakeValues(std::vector<Setting>& settings, std::string_view profile) {
  std::vector<std::string> values;
  for (const char* key :
       {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"}) {
    std::erase_if(settings, [&](const Setting& setting) {
      if (setting.section != profile || setting.key != key) return false;
      values.push_back(setting.value);
      return true;
    });
  }
  return values;
}

void Check(std::string_view profile, std::string_view text) {
  if (!CheckProfileName(profile)) return;
  static_cast<void>(CheckConfig(text, profile));
  const Credentials credentials{"KEY", Secret("SECRET"), Secret("TOKEN"), {}, ""};
  const auto edited = SetProfile(text, profile, credentials);
  const auto checked = CheckProfile(text, profile);
  Require(edited.has_value() == checked.has_value(), "CheckProfile() agrees with SetProfile()");
  if (!edited) {
    test::RequireOneLine(edited.error().message, "a refusal is one line");
    return;
  }
  const auto again = SetProfile(edited->Reveal(), profile, credentials);
  Require(again && *again == *edited, "the same edit once more changes nothing");

  auto before = SettingsIn(text);
  auto after = SettingsIn(edited->Reveal());
  TakeValues(before, profile);
  Require(TakeValues(after, profile) == std::vector<std::string>{"KEY", "SECRET", "TOKEN"},
          "the profile has the new values");
  Require(before == after, "the other settings stay");
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::test::Input input(data, size);
  const std::string_view profile = input.Line();
  credmint::Check(profile, input.Rest());
  return 0;
}
