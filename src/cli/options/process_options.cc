// SPDX-License-Identifier: Apache-2.0
#include "cli/options/process_options.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>

#include "base/log.h"
#include "cli/options/key_options.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

/// Unlike CLI::Range, refuses "nan" and repeats nothing.
std::string CheckKeyTimeout(const std::string& text) {
  double seconds = -1;
  const bool good = CLI::detail::lexical_cast(text, seconds) && seconds >= 0 && seconds <= 3600;
  return good ? "" : "it is not a number of seconds from 0 to 3600";
}

}  // namespace

void AddProcessFlags(CLI::App& command, ProcessOptions& options) {
  constexpr const char* kLogGroup = "Diagnostics";
  command
      .add_option("--provider", options.providers, "OpenSSL provider to load as well; repeatable")
      ->check(PlainText())
      ->group(kKeyGroup);
  command
      .add_option("--key-timeout", options.key_timeout,
                  "Seconds to wait for each answer of a token or TPM; 0: no limit")
      ->capture_default_str()
      ->check(CLI::Validator(CheckKeyTimeout, "0 to 3600"))
      ->group(kKeyGroup);
  command
      .add_flag("--no-key-process", options.no_key_process,
                "Load modules and TPM libraries into this process, to debug them")
      ->group(kKeyGroup);
  command
      .add_flag("--use-openssl-conf", options.use_openssl_conf,
                "Let serve and update obey OPENSSL_CONF and SSLKEYLOGFILE, as other commands do")
      ->group(kKeyGroup);
  command.add_flag("--debug", options.debug, "Log to stderr what is done, without secrets")
      ->group(kLogGroup);
  command
      .add_option("--log-format", options.log_format,
                  "Format of the log: text or json (default: text)")
      ->check(OneOf({"text", "json"}))
      ->group(kLogGroup);
}

std::optional<std::chrono::milliseconds> KeyTimeout(const ProcessOptions& options) {
  if (options.no_key_process || options.key_timeout <= 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(options.key_timeout));
}

void StartLog(const ProcessOptions& options) {
  ConfigureLog(options.debug, options.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
}

}  // namespace credmint::cli
