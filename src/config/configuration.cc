#include "config/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/closest_name.h"
#include "base/printable.h"

namespace credmint {
namespace {

constexpr std::array<std::string_view, 4> kTables = {"serve", "defaults", "identity", "role"};

int LineOf(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

class Reader {
 public:
  explicit Reader(const std::string& path) { configuration_.path = path; }

  Result<Configuration> Read(const toml::table& root);

 private:
  Result<void> ReadTop(const std::string& name, const toml::node& node);
  Result<void> ReadNamed(const std::string& kind, const toml::node& node,
                         std::vector<Section>& sections);
  Result<void> ReadSection(const std::string& name, const toml::node& node, Section& section);
  Result<void> ReadSetting(const std::string& name, const toml::node& node, Section& section);
  [[nodiscard]] Result<std::string> Text(const std::string& name, const toml::node& node) const;

  [[nodiscard]] tl::unexpected<Error> FailAt(const toml::node& node, const std::string& message,
                                             std::string hint = {}) const {
    return Fail(ErrorCode::kUsage, fmt::format("{}: {}", configuration_.At(LineOf(node)), message),
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

/// toml++ keeps tables sorted by name.
void InOrderOfLines(auto& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& left, const auto& right) { return left.line < right.line; });
}

std::optional<Setting::Type> TypeOf(const toml::node& node) {
  if (node.is_string()) return Setting::Type::kText;
  if (node.is_integer() || node.is_floating_point()) return Setting::Type::kNumber;
  if (node.is_boolean()) return Setting::Type::kFlag;
  return std::nullopt;
}

Result<Configuration> Reader::Read(const toml::table& root) {
  for (const auto& [key, node] : root) {
    if (auto read = ReadTop(std::string(key.str()), node); !read) return Fail(std::move(read));
  }
  InOrderOfLines(configuration_.program.settings);
  InOrderOfLines(configuration_.identities);
  InOrderOfLines(configuration_.roles);
  return std::move(configuration_);
}

Result<void> Reader::ReadTop(const std::string& name, const toml::node& node) {
  if (name == "serve") return ReadSection(name, node, configuration_.serve);
  if (name == "defaults") return ReadSection(name, node, configuration_.defaults);
  if (name == "identity") return ReadNamed(name, node, configuration_.identities);
  if (name == "role") return ReadNamed(name, node, configuration_.roles);
  if (!node.is_table()) return ReadSetting(name, node, configuration_.program);
  return FailAt(node, fmt::format("there is no table [{}]", Printable(name, 64)),
                DidYouMean(name, kTables));
}

Result<void> Reader::ReadNamed(const std::string& kind, const toml::node& node,
                               std::vector<Section>& sections) {
  const toml::table* tables = node.as_table();
  if (tables == nullptr) {
    return FailAt(node, fmt::format("{} is no table", kind), fmt::format("[{}.NAME]", kind));
  }
  for (const auto& [key, table] : *tables) {
    const std::string name(key.str());
    if (!table.is_table()) {
      return FailAt(table, fmt::format("[{}] holds nothing but tables", kind),
                    fmt::format("[{}.NAME]", kind));
    }
    if (!IsGoodName(name)) {
      return FailAt(table, fmt::format("'{}' is no name for [{}.NAME]", Printable(name, 64), kind),
                    "1 to 64 letters, digits and characters of +=,.@_-");
    }
    if (auto read = ReadSection(name, table, sections.emplace_back()); !read) return read;
  }
  return {};
}

Result<void> Reader::ReadSection(const std::string& name, const toml::node& node,
                                 Section& section) {
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    return FailAt(node, fmt::format("{} is no table", name), fmt::format("[{}]", name));
  }
  section.name = name;
  section.line = LineOf(node);
  for (const auto& [key, value] : *table) {
    if (auto read = ReadSetting(std::string(key.str()), value, section); !read) return read;
  }
  InOrderOfLines(section.settings);
  return {};
}

Result<void> Reader::ReadSetting(const std::string& name, const toml::node& node,
                                 Section& section) {
  Setting setting{name, Setting::Type::kText, {}, LineOf(node)};
  if (const toml::array* list = node.as_array()) {
    for (const toml::node& element : *list) {
      auto text = element.is_string() ? Text(name, element) : Text(name, node);
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

Result<std::string> Reader::Text(const std::string& name, const toml::node& node) const {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return FailAt(node, fmt::format("{} is neither text, number, true or false, nor a list of texts",
                                  Printable(name, 64)));
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
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return Reader(path).Read(parsed.table());
  const toml::parse_error& error = parsed.error();
  return Fail(ErrorCode::kUsage,
              fmt::format("{}:{}: it is not TOML: {}", path, error.source().begin.line,
                          Printable(error.description())));
}

}  // namespace credmint
