// SPDX-License-Identifier: Apache-2.0
#include "cli/options/server_flags.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdint>
#include <utility>

#include "cli/options/settings.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

constexpr const char* kServerGroup = "Server";
constexpr const char* kPortValue = "PORT";
constexpr long long kMostPort = 65535;

/// An address and a port as one argument: "127.0.0.1:9912", "[::1]:9912".
struct AddressAndPort {
  std::string address;
  long long port = -1;
};

/// An IPv6 address is in brackets. The port is -1 if the text is something else.
AddressAndPort Split(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  AddressAndPort split;
  if (colon == std::string::npos || colon == 0) return split;
  split.address = text.substr(0, colon);
  const bool is_bare_ipv6 = split.address.find(':') != std::string::npos && text[0] != '[';
  const std::string port = text.substr(colon + 1);
  const bool is_number = !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
  if (is_bare_ipv6 || !is_number) return split;
  if (!CLI::detail::lexical_cast(port, split.port)) split.port = -1;
  return split;
}

std::string CheckAddressAndPort(const std::string& text) {
  const long long port = Split(text).port;
  return port >= 0 && port <= kMostPort ? "" : "it is not ADDRESS:PORT";
}

void AddStatusFlags(CLI::App& command, daemon::ServerOptions& options) {
  CLI::Option* port =
      command
          .add_option(
              "--status-port", options.status_port,
              "TCP port on 127.0.0.1 for /healthz and /metrics; 0 picks a free one (default: none)")
          ->check(WholeNumber(0, kMostPort))
          ->option_text(kPortValue)
          ->group(kServerGroup);
  command
      .add_option_function<std::string>(
          "--status-listen",
          [&options](const std::string& text) {
            AddressAndPort split = Split(text);
            options.status_listen = std::move(split.address);
            options.status_port = static_cast<std::uint16_t>(split.port);
          },
          "ADDRESS:PORT for /healthz and /metrics, instead of --status-port; may be beyond "
          "loopback")
      ->check(CLI::Validator(CheckAddressAndPort, ""))
      ->option_text("ADDRESS:PORT")
      ->excludes(port)
      ->group(kServerGroup);
}

constexpr const char* kInterfaces = "interfaces";
constexpr const char* kImds = "imds";
constexpr const char* kContainer = "container";

/// "imds,container" in any order. Both are off before the first one is named.
void AddInterfaces(CLI::App& command, daemon::ServerOptions& options) {
  command
      .add_option_function<std::vector<std::string>>(
          "--interfaces",
          [&options](const std::vector<std::string>& names) {
            const auto has = [&](const char* name) {
              return std::find(names.begin(), names.end(), name) != names.end();
            };
            options.serves_imds = has(kImds);
            options.serves_container = has(kContainer);
          },
          "Interfaces to serve: imds, container, or both (default: imds,container)")
      ->delimiter(',')
      ->check(OneOf({kImds, kContainer}))
      ->type_name("TEXT")
      ->group(kServerGroup);
}

/// An empty list.
Result<void> CheckInterfaces(const Section& serve) {
  const Setting* const setting = serve.Find(kInterfaces);
  if (setting == nullptr || !setting->values.empty()) return {};
  return Fail(ErrorCode::kUsage, "interfaces names no interface", "name imds, container, or both");
}

}  // namespace

CLI::Option* AddAllowUsers(CLI::App& command, std::vector<std::string>& users) {
  return command
      .add_option("--allow-user,--allow-users", users,
                  "User who may have credentials besides you and root: NAME, UID, @GROUP or any; "
                  "repeatable")
      ->check(PlainText())
      ->option_text("USER");
}

void AddServerFlags(CLI::App& command, daemon::ServerOptions& options) {
  command.add_option("--port", options.port, "TCP port to listen on; 0 picks a free one")
      ->check(WholeNumber(0, kMostPort))
      ->option_text(kPortValue)
      ->capture_default_str()
      ->group(kServerGroup);
  AddText(command, "--listen", options.listen,
          "IP address to listen on; beyond loopback, container credentials only")
      ->option_text("ADDRESS")
      ->capture_default_str()
      ->group(kServerGroup);
  AddPlace(command, "--token-file", options.token_file,
           "File for the token of container credentials (default: a file in $RUNTIME_DIRECTORY or "
           "$XDG_RUNTIME_DIR)",
           Place::kPath)
      ->group(kServerGroup);
  AddAllowUsers(command, options.allow_users)->group(kServerGroup);
  AddInterfaces(command, options);
  command
      .add_option("--hop-limit", options.hop_limit,
                  "IP hop limit of responses with a metadata token, 1 to 255")
      ->capture_default_str()
      ->check(WholeNumber(1, 255))
      ->option_text("NUMBER")
      ->group(kServerGroup);
  AddStatusFlags(command, options);
}

Result<daemon::ServerOptions> ReadServerOptions(const CLI::App& command,
                                                const std::optional<Configuration>& file,
                                                const daemon::ServerOptions& typed) {
  if (!file) return typed;
  daemon::ServerOptions options;
  CLI::App settings;
  AddServerFlags(settings, options);
  if (auto applied = ApplySettings(*file, file->serve, settings); !applied) {
    return Fail(std::move(applied));
  }
  ApplyFlags(command, settings);
  if (auto checked = CheckInterfaces(file->serve); !checked) {
    return Fail(std::move(checked), file->At(file->serve.Find(kInterfaces)->line));
  }
  return options;
}

daemon::ServerOptions CheckServerSettings(const Section& serve, Mistakes& mistakes) {
  daemon::ServerOptions options;
  CLI::App settings;
  AddServerFlags(settings, options);
  ApplySettings(serve, settings, mistakes);
  if (auto checked = CheckInterfaces(serve); !checked) {
    mistakes.push_back({serve.Find(kInterfaces)->line, std::move(checked).error()});
  }
  return options;
}

}  // namespace credmint::cli
