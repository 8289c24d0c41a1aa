// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/mistake.h"

namespace credmint {

/// A value of a TOML text, with the line where it begins. Numbers are kept as text: integers in
/// decimal ("16" for 0x10), others as fmt formats a double. A table's line is that of its header,
/// or of the key that created it.
struct TomlValue {
  enum class Type { kText, kNumber, kFlag, kTime, kList, kTable };

  /// How a table was created, which decides what the grammar still allows to be added:
  ///
  /// - kByTheWay: `[a.b]` created `a`, which may have its own header later.
  /// - kByHeader: the table has had its header.
  /// - kByDottedKey: other dotted keys may add to it.
  /// - kComplete: an inline table, or a list in brackets. Nothing may be added.
  enum class Made { kByTheWay, kByHeader, kByDottedKey, kComplete };

  Type type = Type::kTable;
  int line = 1;
  std::string text;                        ///< empty for lists and tables; flags: "true", "false"
  std::vector<TomlValue> list;             ///< also for [[name]], a list of tables
  std::map<std::string, TomlValue> table;  ///< by name
  Made made = Made::kByTheWay;
};

/// Parses TOML 1.0, with or without a byte order mark. Fails with kUsage if the grammar does not
/// allow the text. The line is where the mistake begins: for a missing closing quote, that of the
/// opening one. Dates and times are recognised by their shape and not checked
/// further. Values may nest up to 32 levels.
///
/// The libraries in Debian 12 and 13 are unsuitable for text that people edit while a server runs:
/// docs/design/decisions/0009-own-toml-reader.md.
tl::expected<TomlValue, Mistake> ParseToml(std::string_view text);

/// The same; the message begins with NAME:LINE.
Result<TomlValue> ParseToml(std::string_view text, const std::string& name);

}  // namespace credmint
