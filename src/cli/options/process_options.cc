// SPDX-License-Identifier: Apache-2.0
#include "cli/options/process_options.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>

#include "base/log.h"
#include "cli/options/duration_option.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"

namespace credmint::cli {

void AddProcessFlags(CLI::App& command, ProcessOptions& options) {
  command.add_flag("--debug", options.debug, "Log to stderr what is done, without secrets")
      ->group(kGeneralGroup);
  command
      .add_option("--log-format", options.log_format,
                  "Format of the log: text or json (default: text)")
      ->check(OneOf({"text", "json"}))
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
  ConfigureLog(options.debug, options.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
}

}  // namespace credmint::cli
