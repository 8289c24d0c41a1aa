#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# toml++ 3.3.0 may be unable to read what it writes. It writes a string with a line break as a
# multi-line literal ('''), also where that cannot hold it. If the string begins with a line break,
# that one is lost at the next reading. If it contains ''', the text that was written is no TOML.
#
# One would expect a library to write a document that it reads back as the same values. A multi-line
# literal drops its first line break, and has no way to hold ''': such strings need escapes.
#
# Runs Debian 12's package from a temporary folder. Needs a C++ compiler. Exits with 0 if toml++
# behaves as described, 1 if it does not, and 77 if the package cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download libtomlplusplus-dev=3.3.0+ds-1 >/dev/null 2>&1 || {
  echo "cannot be had: libtomlplusplus-dev=3.3.0+ds-1"
  exit 77
}
dpkg -x libtomlplusplus-dev*.deb root

cat >again.cc <<'CPP'
#include <toml++/toml.h>

#include <iostream>
#include <sstream>
#include <string>

// Reads `text`, writes it, and reads that again.
void Again(const std::string& text) {
  const toml::table first = toml::parse(text);
  std::ostringstream written;
  written << first;
  std::cout << text << "\n  again: ";
  try {
    std::cout << (toml::parse(written.str()) == first ? "the same" : "another value") << '\n';
  } catch (const toml::parse_error&) {
    std::cout << "not TOML\n";
  }
}

int main() {
  Again(R"(text = "one\ntwo")");
  Again(R"(text = "\nthree")");
  Again(R"(text = "'''\nfour")");
}
CPP
c++ -std=c++17 -DTOML_HEADER_ONLY=1 -Iroot/usr/include -o again again.cc

./again | tee seen
expected="text = \"one\\ntwo\"
  again: the same
text = \"\\nthree\"
  again: another value
text = \"'''\\nfour\"
  again: not TOML"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: two of three strings do not come back"
