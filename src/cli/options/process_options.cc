// SPDX-License-Identifier: Apache-2.0
#include "cli/options/process_options.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <chrono>
#include <string_view>

#include "base/journal_stream.h"
#include "base/log.h"
#include "cli/options/duration_option.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

constexpr const char* kJson = "json";

constexpr std::array kLevels = {
    std::pair{"error", LogLevel::kError},   std::pair{"warning", LogLevel::kWarning},
    std::pair{"notice", LogLevel::kNotice}, std::pair{"info", LogLevel::kInfo},
    std::pair{"debug", LogLevel::kDebug},
};

LogOptions LogOptionsOf(const ProcessOptions& options, LogLevel by_default) {
  LogOptions log{.level = by_default};
  if (options.log_format == kJson) log.format = LogFormat::kJson;
  for (const auto& [name, level] : kLevels) {
    if (options.log_level == name) log.level = level;
  }
  if (options.debug) log.level = LogLevel::kDebug;
  return log;
}

}  // namespace

void AddProcessFlags(CLI::App& command, ProcessOptions& options) {
  command.add_flag("--debug", options.debug, "Log to stderr what is done, without secrets")
      ->group(kGeneralGroup);
  command
      .add_option("--log-level", options.log_level,
                  "Least important that is written to stderr: error, warning, notice, info or "
                  "debug (default: notice; info for serve and update in the journal)")
      ->check(OneOf({"error", "warning", "notice", "info", "debug"}))
      ->group(kGeneralGroup);
  command
      .add_option("--log-format", options.log_format,
                  "Format of stderr: text or json (default: text)")
      ->check(OneOf({"text", kJson}))
      ->group(kAdvancedGroup);
  command
      .add_option("--provider", options.providers, "OpenSSL provider to load as well; repeatable")
      ->check(PlainText())
      ->option_text("NAME")
      ->group(kAdvancedGroup);
  AddDuration(command, "--key-timeout", options.key_timeout, 0, 3600,
              "Longest wait for each answer of a token or TPM, up to 1h; 0: no limit")
      ->group(kAdvancedGroup);
  command
      .add_flag("--no-key-process", options.no_key_process,
                "Load modules and TPM libraries into this process, to debug them")
      ->group(kAdvancedGroup);
  command
      .add_flag("--use-openssl-conf", options.use_openssl_conf,
                "Let serve and update obey OPENSSL_CONF and SSLKEYLOGFILE, as other commands do")
      ->group(kAdvancedGroup);
}

std::optional<std::chrono::milliseconds> KeyTimeout(const ProcessOptions& options) {
  if (options.no_key_process || options.key_timeout <= 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(options.key_timeout));
}

void StartLog(const ProcessOptions& options) {
  ConfigureLog(LogOptionsOf(options, LogLevel::kNotice));
}

void StartLogOfService(const ProcessOptions& options) {
  const bool is_journal = StandardErrorIsJournal();
  LogOptions log = LogOptionsOf(options, is_journal ? LogLevel::kInfo : LogLevel::kNotice);
  log.has_priorities = is_journal;
  ConfigureLog(log);
}

void StartLogOfArguments(std::span<char* const> arguments) {
  constexpr std::string_view kFlag = "--log-format";
  ProcessOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == kFlag && i + 1 < arguments.size()) options.log_format = arguments[i + 1];
    if (argument.starts_with(kFlag) && argument.substr(kFlag.size()).starts_with('=')) {
      options.log_format = argument.substr(kFlag.size() + 1);
    }
  }
  if (options.log_format == kJson) StartLog(options);
}

}  // namespace credmint::cli
