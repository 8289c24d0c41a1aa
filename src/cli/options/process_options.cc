// SPDX-License-Identifier: Apache-2.0
#include "cli/options/process_options.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/log.h"
#include "cli/options/key_options.h"
#include "cli/options/text_option.h"
#include "identity/scheme_table.h"

namespace credmint::cli {

void AddProcessFlags(CLI::App& command, ProcessOptions& options) {
  constexpr const char* kLogGroup = "Diagnostics";
  command
      .add_option("--provider", options.providers, "OpenSSL provider to load as well; repeatable")
      ->check(PlainText())
      ->group(kKeyGroup);
  command.add_flag("--debug", options.debug, "Log to stderr what is done, without secrets")
      ->group(kLogGroup);
  command
      .add_option("--log-format", options.log_format,
                  "Format of the log: text or json (default: text)")
      ->check(OneOf({"text", "json"}))
      ->group(kLogGroup);
}

void StartLog(const ProcessOptions& options) {
  ConfigureLog(options.debug, options.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
}

Result<LibraryContext> StartLibrary(const ProcessOptions& options) {
  return LibraryContext::Create(BuiltinProviders(), options.providers);
}

}  // namespace credmint::cli
