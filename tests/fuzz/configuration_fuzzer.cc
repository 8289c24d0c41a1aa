// SPDX-License-Identifier: Apache-2.0
// Fed: the text of a configuration file.
//
// Holds: a refusal names a line of the text, on one line. In an accepted text, each section and
// setting has a line of the text. A byte order mark, CR LF for LF and a comment at the end change
// nothing.

#include <algorithm>
#include <string>

#include "config/configuration.h"
#include "fuzz/input.h"
#include "fuzz/require.h"

namespace credmint {
namespace {

using test::Require;

const std::string kPath = "c";

std::string WithCarriageReturns(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return result;
}

void RequireLines(const Section& section, int lines) {
  for (const Setting& setting : section.settings) {
    Require(setting.line >= 1 && setting.line <= lines, "a setting has a line of the text");
  }
}

void RequireSame(const Configuration& one, std::string_view text, std::string_view why) {
  const auto other = ParseConfiguration(text, kPath);
  Require(other && one.program == other->program && one.serve == other->serve &&
              one.defaults == other->defaults && one.identities == other->identities &&
              one.roles == other->roles,
          why);
}

void Check(std::string_view text) {
  const int lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  const auto read = ParseConfiguration(text, kPath);
  if (!read) {
    const std::string& message = read.error().message;
    test::RequireOneLine(message + read.error().hint, "a refusal is one line");
    const int line = message.starts_with("c:") ? std::atoi(message.c_str() + 2) : 0;
    Require(line >= 1 && line <= lines, "a refusal names a line of the text");
    return;
  }
  for (const auto* section : {&read->program, &read->serve, &read->defaults}) {
    RequireLines(*section, lines);
  }
  for (const auto* sections : {&read->identities, &read->roles}) {
    for (const Section& section : *sections) {
      Require(!section.name.empty() && section.name.size() <= 64, "a name has 1 to 64 characters");
      RequireLines(section, lines);
    }
  }
  const std::string whole(text);
  RequireSame(*read, whole + "\n# end", "a comment at the end changes nothing");
  if (!text.starts_with("\xef\xbb\xbf")) {
    RequireSame(*read, "\xef\xbb\xbf" + whole, "a byte order mark changes nothing");
  }
  if (text.find('\r') == std::string_view::npos) {
    RequireSame(*read, WithCarriageReturns(text), "CR LF is the same as LF");
  }
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
