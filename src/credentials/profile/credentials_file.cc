// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/credentials_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/printable.h"
#include "base/shown_value.h"
#include "credentials/profile/aws_config.h"
#include "credentials/profile/ini_lines.h"

namespace credmint {
namespace {

constexpr std::string_view kSecurityToken = "aws_security_token";
constexpr std::string_view kCredentialProcess = "credential_process";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr const char* kProcessHint =
    "SDKs prefer keys in a file to a credential_process: use one of the two, or another "
    "profile";

/// A key of the profile and its value. A key to be removed has no value.
struct Setting {
  std::string_view key;
  std::string_view value;
  std::size_t line = 0;  // its line, counted from 1; 0 if not seen yet
};

using Settings = std::array<Setting, 4>;

Settings MakeSettings(const Credentials& credentials) {
  return {Setting{"aws_access_key_id", credentials.access_key_id},
          Setting{"aws_secret_access_key", credentials.secret_access_key.Reveal()},
          Setting{"aws_session_token", credentials.session_token.Reveal()},
          Setting{kSecurityToken, {}}};
}

tl::unexpected<Error> Refuse(std::size_t line, std::string_view reason, std::string hint = {}) {
  return Fail(ErrorCode::kLocalIo, fmt::format("line {}: {}", line, reason), std::move(hint));
}

Setting* Find(Settings& settings, std::string_view key) {
  auto* const found = std::find_if(settings.begin(), settings.end(),
                                   [&](const Setting& setting) { return IsKey(key, setting.key); });
  return found == settings.end() ? nullptr : found;
}

/// Checks the text as a whole before its lines are read.
Result<void> CheckBytes(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) {
    return Refuse(1, "the file begins with a byte order mark, which botocore does not read",
                  "save it as UTF-8 without a byte order mark");
  }
  const auto line_of = [&](std::size_t place) {
    return std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n') + 1;
  };
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Refuse(line_of(nul), "there is a NUL byte, so this is not UTF-8 text");
  }
  for (std::size_t i = text.find('\r'); i != std::string_view::npos; i = text.find('\r', i + 1)) {
    if (!text.substr(i + 1).starts_with('\n')) {
      return Refuse(line_of(i),
                    "a carriage return without a line feed ends a line only for some "
                    "programs");
    }
  }
  return {};
}

/// Finds a header that programs read differently. For botocore it has another name or is not a
/// header, but others see the profile's header or the profile's end.
bool IsAmbiguous(const IniLine& line, std::string_view profile) {
  const std::string_view name = NarrowHeaderName(line);
  if (name.empty()) return false;
  if (line.kind == IniLine::Kind::kHeader) return line.name != profile && name == profile;
  return line.kind == IniLine::Kind::kContinuation && (name == profile || line.section == profile);
}

/// Checks one option of the profile, and records in `settings` the lines of the keys.
Result<void> CheckOption(const IniLine& line, std::size_t number, Settings& settings) {
  if (IsKey(line.name, kCredentialProcess)) {
    return Refuse(number, "the profile has a credential_process, which would be ignored",
                  kProcessHint);
  }
  Setting* const setting = Find(settings, line.name);
  if (setting == nullptr) return {};
  if (setting->line != 0) {
    return Refuse(number,
                  fmt::format("{} is already defined in line {}", setting->key, setting->line),
                  "botocore does not read a file with a key twice: remove one");
  }
  setting->line = number;
  return {};
}

/// Checks all lines. Returns the index of the profile's header, or the number of lines without one.
Result<std::size_t> CheckLines(const std::vector<IniLine>& lines, std::string_view profile,
                               Settings& settings) {
  std::size_t header = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const IniLine& line = lines[i];
    if (IsAmbiguous(line, profile)) {
      return Refuse(i + 1, "only some programs read this as the header of a section",
                    "write headers unindented, with nothing after the bracket");
    }
    if (line.kind == IniLine::Kind::kHeader && line.name == profile) {
      if (header != lines.size()) {
        return Refuse(i + 1,
                      fmt::format("the section [{}] is already defined in line {}",
                                  PrintableUtf8(profile), header + 1),
                      "botocore does not read a file with a section twice: join the two");
      }
      header = i;
    }
    if (line.kind == IniLine::Kind::kUnreadable && line.section == profile) {
      return Refuse(i + 1, "this is neither a key with a value nor a comment",
                    "botocore does not read a file with such a line: remove it");
    }
    if (line.kind != IniLine::Kind::kOption) continue;
    if (line.section == kIniDefaults &&
        (IsKey(line.name, kCredentialProcess) || IsKey(line.name, kSecurityToken))) {
      return Refuse(
          i + 1, fmt::format("[DEFAULT] gives every profile its {}", line.name),
          "move it to the profile that it is meant for; [default] is the one without a name");
    }
    if (line.section != profile) continue;
    if (auto checked = CheckOption(line, i + 1, settings); !checked) {
      return Fail(std::move(checked));
    }
  }
  return header;
}

/// Returns the indentation for new keys that keeps the meaning of the next line. After a header the
/// next line may have any indentation, but after a key only the key's.
std::string_view IndentBehind(const std::vector<IniLine>& lines, std::size_t header) {
  const auto next =
      std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(header) + 1, lines.end(),
                   [](const IniLine& line) { return line.kind != IniLine::Kind::kIgnored; });
  return next == lines.end() ? std::string_view() : next->indent;
}

void AppendMissing(std::string& text, const Settings& settings, std::string_view indent,
                   std::string_view end) {
  for (const Setting& setting : settings) {
    if (setting.line != 0 || setting.value.empty()) continue;
    for (const std::string_view part :
         {indent, setting.key, std::string_view(" = "), setting.value, end}) {
      text += part;
    }
  }
}

/// Writes a line with the key's new value, or omits it if there is none.
void AppendSetting(std::string& text, const IniLine& line, const Setting& setting) {
  if (setting.value.empty()) return;
  text += line.text.substr(0, line.value_at);
  text += setting.value;
  text += line.end;
}

std::string_view EndOfLines(const std::vector<IniLine>& lines, std::size_t header) {
  const std::size_t model = header < lines.size() ? header : 0;
  const bool has_end = model < lines.size() && !lines[model].end.empty();
  return has_end ? lines[model].end : std::string_view("\n");
}

void AppendSection(std::string& text, std::string_view profile, const Settings& settings,
                   std::string_view end) {
  if (!text.empty() && text.back() != '\n') text += end;
  for (const std::string_view part : {std::string_view("["), profile, std::string_view("]"), end}) {
    text += part;
  }
  AppendMissing(text, settings, "", end);
}

/// Appends `lines` with the profile's section edited.
void AppendLines(std::string& text, const std::vector<IniLine>& lines, std::size_t header,
                 Settings& settings) {
  const Setting* current = nullptr;  // the setting that continuation lines belong to
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const IniLine& line = lines[i];
    if (line.kind == IniLine::Kind::kContinuation && current != nullptr) continue;
    if (line.kind != IniLine::Kind::kIgnored) current = nullptr;
    const bool ours = line.kind == IniLine::Kind::kOption && header < lines.size() &&
                      line.section == lines[header].section;
    if (ours) current = Find(settings, line.name);
    if (ours && current != nullptr) {
      AppendSetting(text, line, *current);
      continue;
    }
    text += line.text;
    text += line.end;
    if (i != header) continue;
    const std::string_view end = EndOfLines(lines, header);
    if (line.end.empty()) text += end;
    AppendMissing(text, settings, IndentBehind(lines, header), end);
  }
}

bool FitsIntoALine(std::string_view value) {
  return !value.empty() && value.front() != '#' && value.front() != ';' &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// Returns an upper bound on the size of the edited text, because growing would leave copies of
/// secrets behind. Counts the header and, for each key, its separators, an indentation and a line
/// end.
std::size_t EnoughFor(std::string_view text, std::string_view profile, const Settings& settings,
                      std::string_view indent) {
  constexpr std::size_t kKeyAndSeparators = 64;
  std::size_t size = text.size() + profile.size() + kKeyAndSeparators;
  for (const Setting& setting : settings) {
    size += indent.size() + setting.value.size() + kKeyAndSeparators;
  }
  return size;
}

/// Returns the profile named by a config file's header, without quotes. Empty for other headers.
std::string_view ProfileOfConfig(std::string_view header) {
  return header == "default" ? header : NameInHeader(header, "profile");
}

}  // namespace

Result<void> CheckProfileName(std::string_view profile) {
  const auto refuse = [&](std::string_view reason) {
    return Fail(ErrorCode::kUsage, fmt::format("the profile's name {} {}", Shown(profile), reason));
  };
  if (profile.empty()) return refuse("is empty");
  if (profile.find_first_of("[]") != std::string_view::npos) return refuse("contains a bracket");
  if (PrintableUtf8(profile) != profile) {
    return refuse("contains control characters or is not UTF-8");
  }
  if (kIniBlanks.find(profile.front()) != std::string_view::npos ||
      kIniBlanks.find(profile.back()) != std::string_view::npos) {
    return refuse("begins or ends with a blank");
  }
  if (profile.find(" #") != std::string_view::npos ||
      profile.find(" ;") != std::string_view::npos) {
    return refuse("contains text that some programs read as a comment");
  }
  if (profile == kIniDefaults) {
    return refuse("is reserved: botocore applies its settings to all profiles");
  }
  return {};
}

Result<Secret> SetProfile(std::string_view text, std::string_view profile,
                          const Credentials& credentials) {
  Settings settings = MakeSettings(credentials);
  for (const Setting& setting : settings) {
    if (setting.key != kSecurityToken && !FitsIntoALine(setting.value)) {
      return Fail(
          ErrorCode::kServiceAnswer,
          fmt::format("the service's {} does not fit on one line of the file", setting.key));
    }
  }
  if (auto checked = CheckBytes(text); !checked) return Fail(std::move(checked));
  const std::vector<IniLine> lines = ReadIniLines(text);
  const Result<std::size_t> header = CheckLines(lines, profile, settings);
  if (!header) return Fail(header);

  std::string result;
  const bool found = *header < lines.size();
  result.reserve(EnoughFor(text, profile, settings,
                           found ? IndentBehind(lines, *header) : std::string_view()));
  AppendLines(result, lines, *header, settings);
  if (!found) AppendSection(result, profile, settings, EndOfLines(lines, *header));
  return Secret::Take(result);
}

Result<void> CheckProfile(std::string_view text, std::string_view profile) {
  const Credentials none;
  Settings settings = MakeSettings(none);
  if (auto checked = CheckBytes(text); !checked) return Fail(std::move(checked));
  auto checked = CheckLines(ReadIniLines(text), profile, settings);
  if (!checked) return Fail(std::move(checked));
  return {};
}

Result<void> CheckConfig(std::string_view text, std::string_view profile) {
  const std::vector<IniLine> lines = ReadIniLines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const IniLine& line = lines[i];
    if (line.kind == IniLine::Kind::kOption && IsKey(line.name, kCredentialProcess) &&
        (ProfileOfConfig(line.section) == profile || line.section == kIniDefaults)) {
      return Refuse(i + 1, "the profile has a credential_process, which would be ignored",
                    kProcessHint);
    }
  }
  return {};
}

}  // namespace credmint
