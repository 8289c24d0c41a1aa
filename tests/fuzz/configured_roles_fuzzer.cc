// SPDX-License-Identifier: Apache-2.0
// Fed: the text of a configuration file, as `serve` reads it: through all checks of the settings,
// up to the roles with their identities.
//
// Holds: a refusal is one line. Every role that is accepted has a request and a name of its own.
// `config check` finds a mistake in each file that is refused, and each mistake is one line.

#include <CLI/CLI.hpp>
#include <set>
#include <string>

#include "cli/options/configuration_check.h"
#include "cli/options/role_options.h"
#include "cli/options/server_flags.h"
#include "cli/options/settings.h"
#include "config/configuration.h"
#include "daemon/server_options.h"
#include "fuzz/input.h"
#include "fuzz/require.h"

namespace credmint::cli {
namespace {

using test::Require;

/// Returns whether the roles are accepted.
bool CheckRoles(const Configuration& file) {
  CLI::App command;
  RoleFlags flags;
  AddRoleFlags(command, flags);
  const auto wanted = FindRoles(command, flags, file);
  if (!wanted) {
    test::RequireOneLine(wanted.error().message, "a refusal is one line");
    return false;
  }
  Require(!wanted->roles.empty(), "there is a role");
  std::set<std::string> names;
  for (const roles::Role& role : wanted->roles) {
    Require(names.insert(role.name).second, "each role has a name of its own");
    Require(!role.session.request.role().text.empty(), "a role has a request");
  }
  for (const std::string& note : wanted->notes) test::RequireOneLine(note, "a note is one line");
  return true;
}

/// Returns whether the settings of the server are accepted.
bool CheckServer(const Configuration& file) {
  CLI::App command;
  daemon::ServerOptions options;
  AddServerFlags(command, options);
  const auto applied = ApplySettings(file, file.serve, command);
  if (!applied) test::RequireOneLine(applied.error().message, "a refusal is one line");
  return applied.has_value();
}

void Check(std::string_view text) {
  Mistakes mistakes;
  CheckConfiguration(ParseConfiguration(text, "c", mistakes), mistakes);
  for (const Mistake& mistake : mistakes) {
    test::RequireOneLine(mistake.what.message, "a mistake is one line");
  }
  const auto file = ParseConfiguration(text, "c");
  const bool is_good = file && CheckServer(*file) && CheckRoles(*file);
  Require(is_good || !mistakes.empty(), "each file that is refused has a mistake");
}

}  // namespace
}  // namespace credmint::cli

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::cli::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
