// SPDX-License-Identifier: Apache-2.0
#include "cli/output/first_files.h"

#include <fmt/format.h>

#include <string_view>

namespace credmint::cli {
namespace {

/// The path of a file in the folder, or a reference to something elsewhere.
std::string InFolder(const std::string& folder, const std::string& reference) {
  return reference.starts_with("./") ? folder + reference.substr(1) : reference;
}

/// A basic string of TOML.
std::string TomlString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const bool is_control = (c >= 0 && c < ' ') || c == '\x7f';
    if (is_control) {
      quoted += fmt::format("\\u{:04x}", c);
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

/// A word for a shell, in quotes only where it needs them.
std::string ShellWord(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,@%+";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string Option(std::string_view name, const std::string& value) {
  return fmt::format(" --{} {}", name, ShellWord(value));
}

}  // namespace

std::string FormatFirstConfiguration(const FirstIdentity& identity) {
  std::string text = fmt::format(
      "# Made by credmint init: man credmint-config.5 explains the settings.\n\n"
      "[identity.{0}]\n"
      "certificate = {1}\n"
      "private-key = {2}\n",
      identity.name, TomlString(InFolder(identity.absolute_folder, identity.certificate)),
      TomlString(InFolder(identity.absolute_folder, identity.private_key)));
  for (const auto& [name, value] : identity.options) {
    text += fmt::format("{} = {}\n", name, TomlString(value));
  }
  if (identity.forgets_pin) {
    text +=
        "# Without this line credmint asks at the terminal, and servers cannot start.\n"
        "#passin = \"file:/path/of/the/pin\"\n";
  }
  return text + fmt::format(
                    "\n# {1} puts the ARNs here.\n"
                    "[role.{0}]\n"
                    "trust-anchor-arn = \"arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID\"\n"
                    "profile-arn = \"arn:aws:rolesanywhere:REGION:ACCOUNT:profile/ID\"\n"
                    "role-arn = \"arn:aws:iam::ACCOUNT:role/NAME\"\n",
                    identity.name, kAwsScriptFile);
}

std::string FormatNextSteps(const FirstIdentity& identity) {
  const auto path = [&](const char* file) { return ShellWord(identity.folder + "/" + file); };
  std::string key = Option("private-key", InFolder(identity.folder, identity.private_key));
  for (const auto& [name, value] : identity.options) key += Option(name, value);
  const bool is_file = identity.certificate.starts_with("./");
  return fmt::format(
      "1. Have your CA make a certificate of the request {0}.\n"
      "2. Put the certificate, here issued.pem, in place:\n"
      "   credmint import-certificate --certificate issued.pem{1}{2}\n"
      "3. Let AWS trust your CA, here ca.pem, with the AWS CLI:\n"
      "   sh {3} ca.pem\n"
      "4. Get credentials:\n"
      "   credmint credential-process --config {4}\n",
      path(kRequestFile), key,
      is_file ? Option("to", InFolder(identity.folder, identity.certificate)) : "",
      path(kAwsScriptFile), path(kConfigurationFile));
}

}  // namespace credmint::cli
