// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/aws_config.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>

#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";
constexpr std::string_view kDefault = "default";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool IsOfProfile(std::string_view header, std::string_view profile) {
  if (header == kDefault) return profile == kDefault;
  return !profile.empty() && NameInHeader(header, "profile") == profile;
}

/// Returns the value of a key in the sections accepted by `wanted`. Continuation lines are
/// included, each with a line feed in front.
template <typename Wanted>
std::optional<std::string> FindKey(const std::vector<IniLine>& lines, std::string_view key,
                                   Wanted wanted) {
  std::optional<std::string> value;
  bool inside = false;
  for (const IniLine& line : lines) {
    if (line.kind == IniLine::Kind::kContinuation && inside) {
      value->append("\n").append(Trimmed(line.text));
    } else if (line.kind != IniLine::Kind::kIgnored) {
      inside = line.kind == IniLine::Kind::kOption && !value && IsKey(line.name, key) &&
               wanted(line.section);
      if (inside) value = std::string(Trimmed(line.text.substr(line.value_at)));
    }
  }
  return value;
}

}  // namespace

Result<std::string> FindAwsFile(const char* variable, std::string_view name) {
  const char* value = getenv(variable);
  const std::string_view path = value != nullptr ? value : "";
  if (const std::string what = DescribeUnshown(path, path.size()); !what.empty()) {
    return Fail(ErrorCode::kUsage, fmt::format("${}: a path is expected, not {}", variable, what));
  }
  if (!path.empty() && !path.starts_with("~/")) return std::string(path);
  const char* home = getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return Fail(ErrorCode::kLocalIo, "$HOME is not set",
                fmt::format("set it, or name the file in ${}", variable));
  }
  return path.empty() ? fmt::format("{}/.aws/{}", home, name)
                      : fmt::format("{}/{}", home, path.substr(2));
}

std::string_view NameInHeader(std::string_view header, std::string_view kind) {
  if (!header.starts_with(kind)) return {};
  header.remove_prefix(kind.size());
  const std::size_t begin = header.find_first_not_of(kIniBlanks);
  if (begin == 0 || begin == std::string_view::npos) return {};
  const std::string_view name =
      header.substr(begin, header.find_last_not_of(kIniBlanks) + 1 - begin);
  const bool quoted = name.size() > 2 && (name.front() == '"' || name.front() == '\'') &&
                      name.back() == name.front();
  return quoted ? name.substr(1, name.size() - 2) : name;
}

bool AwsConfig::HasProfile(std::string_view profile) const {
  return std::any_of(lines_.begin(), lines_.end(), [&](const IniLine& line) {
    return line.kind == IniLine::Kind::kHeader && IsOfProfile(line.name, profile);
  });
}

std::optional<std::string> AwsConfig::Find(std::string_view profile,
                                           std::string_view setting) const {
  if (!HasProfile(profile)) return std::nullopt;
  auto value = FindKey(lines_, setting,
                       [&](std::string_view header) { return IsOfProfile(header, profile); });
  if (!value) {
    value =
        FindKey(lines_, setting, [](std::string_view header) { return header == kIniDefaults; });
  }
  if (value && value->starts_with('\n')) return std::nullopt;
  return value;
}

std::optional<std::string> AwsConfig::FindOfService(std::string_view services,
                                                    std::string_view service,
                                                    std::string_view setting) const {
  const auto nested = FindKey(lines_, service, [&](std::string_view header) {
    return !services.empty() && NameInHeader(header, "services") == services;
  });
  // Settings on the same line are a value, not a nested block.
  if (!nested || !nested->starts_with('\n')) return std::nullopt;
  std::string_view rest = *nested;
  std::optional<std::string> value;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size());
    const std::size_t separator = line.find('=');
    if (separator == std::string_view::npos || Trimmed(line.substr(0, separator)) != setting) {
      continue;
    }
    value = std::string(Trimmed(line.substr(separator + 1)));
  }
  return value;
}

}  // namespace credmint
