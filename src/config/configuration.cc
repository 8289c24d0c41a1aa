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

class Reader {
 public:
  explicit Reader(const std::string& path) { configuration_.path = path; }

  Result<Configuration> Read(const TomlValue& root);

 private:
  Result<void> ReadTop(const std::string& name, const TomlValue& node);
  Result<void> ReadNamed(const std::string& kind, const TomlValue& node,
                         std::vector<Section>& sections);
  Result<void> ReadSection(const std::string& name, const TomlValue& node, Section& section);
  Result<void> ReadSetting(const std::string& name, const TomlValue& node, Section& section);
  [[nodiscard]] Result<std::string> Text(const std::string& name, const TomlValue& node) const;

  [[nodiscard]] tl::unexpected<Error> FailAt(const TomlValue& node, const std::string& message,
                                             std::string hint = {}) const {
    return Fail(ErrorCode::kUsage, fmt::format("{}: {}", configuration_.At(node.line), message),
                std::move(hint));
  }

  Configuration configuration_;
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

Result<Configuration> Reader::Read(const TomlValue& root) {
  for (const auto& [name, node] : root.table) {
    if (auto read = ReadTop(name, node); !read) return Fail(std::move(read));
  }
  InOrderOfLines(configuration_.program.settings);
  InOrderOfLines(configuration_.identities);
  InOrderOfLines(configuration_.roles);
  return std::move(configuration_);
}

Result<void> Reader::ReadTop(const std::string& name, const TomlValue& node) {
  if (name == "serve") return ReadSection(name, node, configuration_.serve);
  if (name == "defaults") return ReadSection(name, node, configuration_.defaults);
  if (name == "identity") return ReadNamed(name, node, configuration_.identities);
  if (name == "role") return ReadNamed(name, node, configuration_.roles);
  if (node.type != Type::kTable) return ReadSetting(name, node, configuration_.program);
  return FailAt(node, fmt::format("there is no table [{}]", ShownName(name)),
                DidYouMean(name, kTables));
}

Result<void> Reader::ReadNamed(const std::string& kind, const TomlValue& node,
                               std::vector<Section>& sections) {
  if (node.type != Type::kTable) {
    return FailAt(node, fmt::format("{} is not a table", kind), fmt::format("[{}.NAME]", kind));
  }
  for (const auto& [name, table] : node.table) {
    if (table.type != Type::kTable) {
      return FailAt(table, fmt::format("[{}] may hold only tables", kind),
                    fmt::format("[{}.NAME]", kind));
    }
    if (!IsGoodName(name)) {
      return FailAt(table,
                    fmt::format("'{}' is not a valid name for [{}.NAME]", ShownName(name), kind),
                    "use 1 to 64 letters, digits and characters of +=,.@_-");
    }
    if (auto read = ReadSection(name, table, sections.emplace_back()); !read) return read;
  }
  return {};
}

Result<void> Reader::ReadSection(const std::string& name, const TomlValue& node, Section& section) {
  if (node.type != Type::kTable) {
    return FailAt(node, fmt::format("{} is not a table", name), fmt::format("[{}]", name));
  }
  section.name = name;
  section.line = node.line;
  for (const auto& [key, value] : node.table) {
    if (auto read = ReadSetting(key, value, section); !read) return read;
  }
  InOrderOfLines(section.settings);
  return {};
}

Result<void> Reader::ReadSetting(const std::string& name, const TomlValue& node, Section& section) {
  Setting setting{name, Setting::Type::kText, {}, node.line};
  if (node.type == Type::kList) {
    for (const TomlValue& element : node.list) {
      auto text = element.type == Type::kText ? Text(name, element) : Text(name, node);
      if (!text) return Fail(std::move(text));
      setting.values.push_back(*std::move(text));
    }
  } else {
    auto text = Text(name, node);
    if (!text) return Fail(std::move(text));
    setting.type = *TypeOf(node);
    setting.values.push_back(*std::move(text));
  }
  section.settings.push_back(std::move(setting));
  return {};
}

Result<std::string> Reader::Text(const std::string& name, const TomlValue& node) const {
  if (TypeOf(node)) return node.text;
  return FailAt(node, fmt::format("{} is not text, a number, true, false or a list of texts",
                                  ShownName(name)));
}

}  // namespace

const Setting* Section::Find(std::string_view setting) const {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& candidate) {
    return candidate.name == setting;
  });
  return found != settings.end() ? &*found : nullptr;
}

std::string Configuration::At(int line) const { return fmt::format("{}:{}", path, line); }

Result<Configuration> ParseConfiguration(std::string_view text, const std::string& path) {
  const auto parsed = ParseToml(text, path);
  if (!parsed) return Fail(parsed);
  return Reader(path).Read(*parsed);
}

}  // namespace credmint
