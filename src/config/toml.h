// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace credmint {

/// A value of a TOML text, with the line that it begins in. Numbers are kept as text: whole ones in
/// decimal ("16" for 0x10), others as fmt writes a double. A table's line is that of its header, or
/// of the key that made it.
struct TomlValue {
  enum class Type { kText, kNumber, kFlag, kTime, kList, kTable };

  /// What the grammar still lets be added to a table: `[a.b]` makes `a` by the way, and `a` may
  /// have its own header later; a dotted key may add to what dotted keys made; what stands in
  /// braces, and a list in brackets, is complete.
  enum class Made { kByTheWay, kByHeader, kByDottedKey, kComplete };

  Type type = Type::kTable;
  int line = 1;
  std::string text;                        ///< of all but lists and tables; "true" or "false"
  std::vector<TomlValue> list;             ///< [[name]] is a list of tables as well
  std::map<std::string, TomlValue> table;  ///< by name
  Made made = Made::kByTheWay;
};

/// Reads TOML 1.0, with or without a byte order mark. Fails with kUsage on anything that its
/// grammar does not allow, saying NAME:LINE, the line being that in which the mistake begins: that
/// of the first quote where the last is missing. Dates and times are known by their shape and not
/// checked further. Nesting is limited to 32 levels.
///
/// Reads it itself because the libraries in Debian 12 and 13 are not made for a text that people
/// type while a server runs: see the decisions in docs/design/architecture.md.
Result<TomlValue> ParseToml(std::string_view text, const std::string& name);

}  // namespace credmint
