// SPDX-License-Identifier: Apache-2.0
#include "config/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/utf8.h"
#include "config/toml_number.h"

namespace credmint {
namespace {

using Made = TomlValue::Made;
using Type = TomlValue::Type;
using namespace std::string_view_literals;

constexpr int kMaxDepth = 32;
constexpr std::string_view kBareKey =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
constexpr std::string_view kBareValue =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+.:";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr const char* kQuotes = "text must be in quotes";

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
    root_.made = Made::kByHeader;
  }

  Result<TomlValue> Parse();
  [[nodiscard]] int line_of_failure() const { return line_of_failure_; }

 private:
  Result<void> CheckCharacters();
  Result<void> ParseLine();
  Result<void> ParseHeader();
  Result<void> OpenTable(const std::vector<std::string>& path);
  Result<void> OpenListedTable(const std::vector<std::string>& path);
  Result<TomlValue*> FindParent(const std::vector<std::string>& path);
  Result<void> ParseAssignment(TomlValue& table, int depth);
  Result<std::vector<std::string>> ParseKey();
  Result<std::string> ParseSimpleKey();
  Result<TomlValue> ParseValue(int depth);
  Result<TomlValue> ParseList(int depth);
  Result<TomlValue> ParseBraces(int depth);
  Result<TomlValue> ParseBareValue();
  Result<std::string> ParseText();
  Result<std::string> ParseOneLine(char quote);
  Result<std::string> ParseSeveralLines(char quote);
  Result<void> ParseEscape(std::string& text);
  Result<void> ParseCode(std::string& text, std::size_t digits);

  [[nodiscard]] char Next() const { return rest_.empty() ? '\0' : rest_.front(); }
  void Skip(std::size_t size = 1) {
    line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + size, '\n'));
    rest_.remove_prefix(size);
  }
  bool TakeIf(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    Skip(text.size());
    return true;
  }
  bool TakeLineEnd() { return TakeIf("\n") || TakeIf("\r\n"); }
  void SkipBlanks() { Skip(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  void SkipComment() {
    if (Next() == '#') Skip(std::min(rest_.find('\n'), rest_.size()));
  }
  void SkipLines();
  Result<void> ExpectLineEnd();

  [[nodiscard]] tl::unexpected<Error> FailAt(int line, std::string_view reason,
                                             std::string hint = {}) {
    line_of_failure_ = line;
    return Fail(ErrorCode::kUsage, fmt::format("invalid TOML: {}", reason), std::move(hint));
  }
  [[nodiscard]] tl::unexpected<Error> FailHere(std::string_view reason, std::string hint = {}) {
    return FailAt(line_, reason, std::move(hint));
  }

  std::string_view rest_;
  int line_ = 1;
  int line_of_failure_ = 0;
  TomlValue root_;
  TomlValue* current_ = &root_;
};

Result<TomlValue> Parser::Parse() {
  if (auto checked = CheckCharacters(); !checked) return Fail(std::move(checked));
  while (!rest_.empty()) {
    if (auto parsed = ParseLine(); !parsed) return Fail(std::move(parsed));
  }
  return std::move(root_);
}

Result<void> Parser::CheckCharacters() {
  int line = 1;
  for (std::size_t i = 0; i < rest_.size();) {
    const char c = rest_[i];
    const std::size_t size = FirstCodePoint(rest_.substr(i)).size;
    if (size == 0) return FailAt(line, "a byte is not UTF-8");
    const bool ends_line = c == '\r' && rest_.substr(i + 1).starts_with('\n');
    const bool is_control = (c >= '\0' && c < ' ') || c == '\x7f';
    if (is_control && c != '\t' && c != '\n' && !ends_line) {
      return FailAt(line, "control characters are not allowed");
    }
    if (c == '\n') ++line;
    i += size;
  }
  return {};
}

Result<void> Parser::ParseLine() {
  SkipBlanks();
  if (Next() == '[') {
    if (auto parsed = ParseHeader(); !parsed) return parsed;
  } else if (!rest_.empty() && Next() != '#' && Next() != '\n' && Next() != '\r') {
    if (auto parsed = ParseAssignment(*current_, 1); !parsed) return parsed;
  }
  return ExpectLineEnd();
}

Result<void> Parser::ExpectLineEnd() {
  SkipBlanks();
  SkipComment();
  if (rest_.empty() || TakeLineEnd()) return {};
  return FailHere("unexpected text after the value or header", kQuotes);
}

/// Skips everything allowed between the values of a list.
void Parser::SkipLines() {
  do {
    SkipBlanks();
    SkipComment();
  } while (TakeLineEnd());
}

Result<void> Parser::ParseHeader() {
  const bool listed = TakeIf("[[");
  if (!listed) Skip();
  const auto path = ParseKey();
  if (!path) return Fail(path);
  if (!TakeIf(listed ? "]]" : "]")) {
    return FailHere(fmt::format("a header must end with '{}'", listed ? "]]" : "]"));
  }
  return listed ? OpenListedTable(*path) : OpenTable(*path);
}

/// Returns the table that holds the last name of a header. Creates missing tables on the way there.
Result<TomlValue*> Parser::FindParent(const std::vector<std::string>& path) {
  TomlValue* table = &root_;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const auto [found, added] = table->table.try_emplace(path[i]);
    table = &found->second;
    if (added) table->line = line_;
    if (table->type == Type::kList && table->made != Made::kComplete) table = &table->list.back();
    if (table->type != Type::kTable || table->made == Made::kComplete) {
      return FailHere("the header extends an inline table, or something that is not a table");
    }
  }
  return table;
}

Result<void> Parser::OpenTable(const std::vector<std::string>& path) {
  const auto parent = FindParent(path);
  if (!parent) return Fail(parent);
  const auto [found, added] = (*parent)->table.try_emplace(path.back());
  TomlValue& table = found->second;
  if (!added && (table.type != Type::kTable || table.made != Made::kByTheWay)) {
    return FailHere(fmt::format("already defined in line {}", table.line));
  }
  table.made = Made::kByHeader;
  table.line = line_;
  current_ = &table;
  return {};
}

Result<void> Parser::OpenListedTable(const std::vector<std::string>& path) {
  const auto parent = FindParent(path);
  if (!parent) return Fail(parent);
  const auto [found, added] = (*parent)->table.try_emplace(path.back());
  TomlValue& list = found->second;
  if (added) {
    list.type = Type::kList;
    list.line = line_;
  }
  if (list.type != Type::kList || list.made == Made::kComplete) {
    return FailHere(fmt::format("already defined in line {}", list.line));
  }
  current_ = &list.list.emplace_back();
  current_->made = Made::kByHeader;
  current_->line = line_;
  return {};
}

Result<void> Parser::ParseAssignment(TomlValue& table, int depth) {
  const int line = line_;
  const auto path = ParseKey();
  if (!path) return Fail(path);
  if (!TakeIf("=")) return FailHere("there is no '=' after the name");
  TomlValue* target = &table;
  for (std::size_t i = 0; i + 1 < path->size(); ++i) {
    const auto [found, added] = target->table.try_emplace((*path)[i]);
    target = &found->second;
    if (added) target->line = line;
    const bool open = target->made == Made::kByTheWay || target->made == Made::kByDottedKey;
    if (target->type != Type::kTable || !open) {
      return FailAt(line, fmt::format("already defined in line {}", target->line));
    }
    target->made = Made::kByDottedKey;
  }
  if (const auto found = target->table.find(path->back()); found != target->table.end()) {
    return FailAt(line, fmt::format("already defined in line {}", found->second.line));
  }
  SkipBlanks();
  auto value = ParseValue(depth);
  if (!value) return Fail(std::move(value));
  value->line = line;
  target->table.emplace(path->back(), *std::move(value));
  return {};
}

/// Parses names separated by dots.
Result<std::vector<std::string>> Parser::ParseKey() {
  std::vector<std::string> path;
  do {
    SkipBlanks();
    auto name = ParseSimpleKey();
    if (!name) return Fail(std::move(name));
    path.push_back(*std::move(name));
    SkipBlanks();
  } while (TakeIf(".") && path.size() < kMaxDepth);
  if (path.size() >= kMaxDepth) return FailHere("it is nested too deeply");
  return path;
}

Result<std::string> Parser::ParseSimpleKey() {
  if (Next() == '"' || Next() == '\'') return ParseOneLine(Next());
  const std::size_t size = std::min(rest_.find_first_not_of(kBareKey), rest_.size());
  if (size == 0) {
    return FailHere("a name consists of letters, digits, '-' and '_', or is in quotes");
  }
  std::string name(rest_.substr(0, size));
  Skip(size);
  return name;
}

Result<TomlValue> Parser::ParseValue(int depth) {
  if (depth > kMaxDepth) return FailHere("it is nested too deeply");
  if (Next() == '[') return ParseList(depth);
  if (Next() == '{') return ParseBraces(depth);
  if (Next() != '"' && Next() != '\'') return ParseBareValue();
  TomlValue value{Type::kText, line_, {}, {}, {}, Made::kComplete};
  auto text = ParseText();
  if (!text) return Fail(std::move(text));
  value.text = *std::move(text);
  return value;
}

Result<TomlValue> Parser::ParseList(int depth) {
  TomlValue list{Type::kList, line_, {}, {}, {}, Made::kComplete};
  Skip();
  while (true) {
    SkipLines();
    if (TakeIf("]")) return list;
    auto value = ParseValue(depth + 1);
    if (!value) return value;
    list.list.push_back(*std::move(value));
    SkipLines();
    if (TakeIf("]")) return list;
    if (!TakeIf(",")) {
      return FailAt(list.line, "a list lacks its ']', or a ',' between two values");
    }
  }
}

void Complete(TomlValue& table) {
  table.made = Made::kComplete;
  for (auto& [name, value] : table.table) Complete(value);
}

Result<TomlValue> Parser::ParseBraces(int depth) {
  TomlValue table;
  table.line = line_;
  Skip();
  SkipBlanks();
  while (!TakeIf("}")) {
    if (!table.table.empty() && !TakeIf(",")) {
      return FailHere("a table lacks its '}', or a ',' between two values");
    }
    if (auto parsed = ParseAssignment(table, depth + 1); !parsed) return Fail(std::move(parsed));
    SkipBlanks();
  }
  Complete(table);
  return table;
}

Result<TomlValue> Parser::ParseBareValue() {
  std::size_t size = std::min(rest_.find_first_not_of(kBareValue), rest_.size());
  std::string_view text = rest_.substr(0, size);
  if (text.size() == 10 && HasShapeOfTomlTime(text) && rest_.size() > size + 1 &&
      rest_[size] == ' ' && rest_[size + 1] >= '0' && rest_[size + 1] <= '9') {
    size = std::min(rest_.find_first_not_of(kBareValue, size + 1), rest_.size());
    text = rest_.substr(0, size);
  }
  TomlValue value{Type::kTime, line_, std::string(text), {}, {}, Made::kComplete};
  if (text == "true" || text == "false") {
    value.type = Type::kFlag;
  } else if (auto number = ReadTomlNumber(text)) {
    value.type = Type::kNumber;
    value.text = *std::move(number);
  } else if (!HasShapeOfTomlTime(text)) {
    if (text.empty()) return FailHere("there is no value", kQuotes);
    return FailHere("the value is not text in quotes, a number, true or false", kQuotes);
  }
  Skip(size);
  return value;
}

Result<std::string> Parser::ParseText() {
  const char quote = Next();
  if (TakeIf(std::string(3, quote))) return ParseSeveralLines(quote);
  return ParseOneLine(quote);
}

Result<std::string> Parser::ParseOneLine(char quote) {
  std::string text;
  Skip();
  while (Next() != quote) {
    if (rest_.empty() || Next() == '\n' || Next() == '\r') {
      return FailHere("a text has no closing quote");
    }
    if (quote == '"' && TakeIf("\\")) {
      if (auto parsed = ParseEscape(text); !parsed) return Fail(std::move(parsed));
      continue;
    }
    text += Next();
    Skip();
  }
  Skip();
  return text;
}

Result<std::string> Parser::ParseSeveralLines(char quote) {
  const std::string end(3, quote);
  const int line = line_;
  std::string text;
  TakeLineEnd();
  while (!TakeIf(end)) {
    if (rest_.empty()) return FailAt(line, "a text lacks its three closing quotes");
    if (TakeLineEnd()) {
      text += '\n';
    } else if (quote == '"' && TakeIf("\\")) {
      const std::size_t blanks = std::min(rest_.find_first_not_of(" \t\r"), rest_.size());
      if (rest_.substr(blanks).starts_with('\n')) {
        Skip(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
      } else if (auto parsed = ParseEscape(text); !parsed) {
        return Fail(std::move(parsed));
      }
    } else {
      text += Next();
      Skip();
    }
  }
  // One or two quotes before the closing three belong to the text.
  for (int i = 0; i < 2 && TakeIf(std::string(1, quote)); ++i) text += quote;
  return text;
}

/// Parses the part of an escape that follows the backslash.
Result<void> Parser::ParseEscape(std::string& text) {
  constexpr std::string_view kNames = "btnfr\"\\";
  constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
  if (TakeIf("u")) return ParseCode(text, 4);
  if (TakeIf("U")) return ParseCode(text, 8);
  const std::size_t found = rest_.empty() ? std::string_view::npos : kNames.find(Next());
  if (found == std::string_view::npos) {
    return FailHere("a backslash must be followed by one of btnfr\"\\uU",
                    "in single quotes a backslash is an ordinary character");
  }
  text += kMeanings[found];
  Skip();
  return {};
}

Result<void> Parser::ParseCode(std::string& text, std::size_t digits) {
  std::uint32_t code = 0;
  const std::string_view number = rest_.substr(0, digits);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), code, 16);
  const bool whole = number.size() == digits && end == number.data() + digits;
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (error != std::errc() || !whole || is_surrogate || code > 0x10ffff) {
    return FailHere(fmt::format("\\{} must be followed by the {} hexadecimal digits of a character",
                                digits == 4 ? 'u' : 'U', digits));
  }
  AppendUtf8(text, code);
  Skip(digits);
  return {};
}

}  // namespace

tl::expected<TomlValue, Mistake> ParseToml(std::string_view text) {
  Parser parser(text);
  auto parsed = parser.Parse();
  if (parsed) return *std::move(parsed);
  return tl::unexpected(Mistake{parser.line_of_failure(), std::move(parsed).error()});
}

Result<TomlValue> ParseToml(std::string_view text, const std::string& name) {
  auto parsed = ParseToml(text);
  if (parsed) return *std::move(parsed);
  return Fail(PlacedIn(name, std::move(parsed).error()));
}

}  // namespace credmint
