// SPDX-License-Identifier: Apache-2.0
#include "config/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/closest_name.h"
#include "base/printable.h"
#include "base/shown_value.h"
#include "config/toml.h"

namespace credmint {
namespace {

using Type = TomlValue::Type;

constexpr std::array<std::string_view, 4> kTables = {"serve", "defaults", "identity", "role"};
constexpr std::size_t kMaxName = 64;

/// The name of a table or setting as shown in messages. It may be a secret pasted by mistake.
std::string ShownName(std::string_view name) {
  auto what = DescribeUnshown(name, kMaxName);
  return what.empty() ? Printable(name) : what;
}

/// Reads what it can, and notes the mistakes.
class Reader {
 public:
  Reader(const std::string& path, Mistakes& mistakes) : mistakes_(mistakes) {
    configuration_.path = path;
  }

  Configuration Read(const TomlValue& root);

 private:
  void ReadTop(const std::string& name, const TomlValue& node);
  void ReadNamed(const std::string& kind, const TomlValue& node, std::vector<Section>& sections);
  void ReadSection(const std::string& name, const TomlValue& node, Section& section);
  void ReadSetting(const std::string& name, const TomlValue& node, Section& section);

  void Note(const TomlValue& node, std::string message, std::string hint = {}) {
    mistakes_.push_back({node.line, {ErrorCode::kUsage, std::move(message), std::move(hint)}});
  }

  Configuration configuration_;
  Mistakes& mistakes_;
};

bool IsGoodName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

/// Restores the order of the file: the parser sorts tables by name.
void InOrderOfLines(auto& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& left, const auto& right) { return left.line < right.line; });
}

std::optional<Setting::Type> TypeOf(const TomlValue& node) {
  if (node.type == Type::kText) return Setting::Type::kText;
  if (node.type == Type::kNumber) return Setting::Type::kNumber;
  if (node.type == Type::kFlag) return Setting::Type::kFlag;
  return std::nullopt;
}

/// The texts of a value or a list; nothing if one of them is something else.
std::optional<std::vector<std::string>> TextsOf(const TomlValue& node) {
  if (TypeOf(node)) return std::vector{node.text};
  if (node.type != Type::kList) return std::nullopt;
  std::vector<std::string> texts;
  for (const TomlValue& element : node.list) {
    if (element.type != Type::kText) return std::nullopt;
    texts.push_back(element.text);
  }
  return texts;
}

Configuration Reader::Read(const TomlValue& root) {
  for (const auto& [name, node] : root.table) ReadTop(name, node);
  InOrderOfLines(configuration_.program.settings);
  InOrderOfLines(configuration_.identities);
  InOrderOfLines(configuration_.roles);
  InOrderOfLines(mistakes_);
  return std::move(configuration_);
}

void Reader::ReadTop(const std::string& name, const TomlValue& node) {
  if (name == "serve") return ReadSection(name, node, configuration_.serve);
  if (name == "defaults") return ReadSection(name, node, configuration_.defaults);
  if (name == "identity") return ReadNamed(name, node, configuration_.identities);
  if (name == "role") return ReadNamed(name, node, configuration_.roles);
  if (node.type != Type::kTable) return ReadSetting(name, node, configuration_.program);
  Note(node, fmt::format("there is no table [{}]", ShownName(name)), DidYouMean(name, kTables));
}

void Reader::ReadNamed(const std::string& kind, const TomlValue& node,
                       std::vector<Section>& sections) {
  const std::string header = fmt::format("[{}.NAME]", kind);
  if (node.type != Type::kTable) return Note(node, fmt::format("{} is not a table", kind), header);
  for (const auto& [name, table] : node.table) {
    if (table.type != Type::kTable) {
      Note(table, fmt::format("[{}] may hold only tables", kind), header);
    } else if (!IsGoodName(name)) {
      Note(table, fmt::format("'{}' is not a valid name for {}", ShownName(name), header),
           "use 1 to 64 letters, digits and characters of +=,.@_-");
    } else {
      ReadSection(name, table, sections.emplace_back());
    }
  }
}

void Reader::ReadSection(const std::string& name, const TomlValue& node, Section& section) {
  if (node.type != Type::kTable) {
    return Note(node, fmt::format("{} is not a table", name), fmt::format("[{}]", name));
  }
  section.name = name;
  section.line = node.line;
  for (const auto& [key, value] : node.table) ReadSetting(key, value, section);
  InOrderOfLines(section.settings);
}

void Reader::ReadSetting(const std::string& name, const TomlValue& node, Section& section) {
  auto texts = TextsOf(node);
  if (!texts) {
    return Note(node, fmt::format("{} is not text, a number, true, false or a list of texts",
                                  ShownName(name)));
  }
  section.settings.push_back(
      {name, TypeOf(node).value_or(Setting::Type::kText), *std::move(texts), node.line});
}

}  // namespace

const Setting* Section::Find(std::string_view setting) const {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& candidate) {
    return candidate.name == setting;
  });
  return found != settings.end() ? &*found : nullptr;
}

std::string Configuration::At(int line) const { return fmt::format("{}:{}", path, line); }

Configuration ParseConfiguration(std::string_view text, const std::string& path,
                                 Mistakes& mistakes) {
  auto parsed = ParseToml(text);
  if (parsed) return Reader(path, mistakes).Read(*parsed);
  mistakes.push_back(std::move(parsed).error());
  return {.path = path};
}

Result<Configuration> ParseConfiguration(std::string_view text, const std::string& path) {
  Mistakes mistakes;
  auto parsed = ParseConfiguration(text, path, mistakes);
  if (!mistakes.empty()) return Fail(PlacedIn(path, std::move(mistakes.front())));
  return parsed;
}

}  // namespace credmint
