#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CLI11 2.1.2: an empty argument is the number 0. `--port ""` succeeds and gives 0. `--port=` is an
# error, and so is `--port x`. An empty variable that the option may come from leaves the default.
#
# One would expect an empty text to be no number, and the three ways to agree. In a script,
# `--port "$PORT"` with PORT not set silently gives 0, which means "any free port".
#
# Runs Debian 12's package from a temporary folder. Needs a C++ compiler. Exits with 0 if CLI11
# behaves as described, 1 if it does not, and 77 if the package cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download libcli11-dev=2.1.2+ds-1 >/dev/null 2>&1 || {
  echo "cannot be had: libcli11-dev=2.1.2+ds-1"
  exit 77
}
dpkg -x libcli11-dev*.deb root

cat >port.cc <<'CPP'
#include <CLI/CLI.hpp>
#include <iostream>

int main(int count, char** arguments) {
  CLI::App app;
  int port = 8080;
  app.add_option("--port", port)->envname("PORT");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    std::cout << error.get_name() << '\n';
    return 0;
  }
  std::cout << port << '\n';
}
CPP
c++ -std=c++17 -Iroot/usr/include -o port port.cc

unset PORT
{
  echo "no option: $(./port)"
  echo "--port x: $(./port --port x)"
  echo "--port=: $(./port --port=)"
  echo "--port '': $(./port --port '')"
  echo "variable PORT='': $(PORT='' ./port)"
} | tee seen
expected="no option: 8080
--port x: ConversionError
--port=: ArgumentMismatch
--port '': 0
variable PORT='': 8080"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: an empty argument is the number 0"
