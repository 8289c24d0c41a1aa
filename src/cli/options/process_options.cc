// SPDX-License-Identifier: Apache-2.0
#include "cli/options/process_options.h"

#include <openssl/core.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/core_limit.h"
#include "base/idle_memory.h"
#include "base/log.h"
#include "cli/options/key_options.h"
#include "cli/options/text_option.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "daemon/end_signals.h"
#include "identity/scheme_table.h"
#include "keyprocess/key_processes.h"
#include "keyprocess/key_server.h"
#include "keyprocess/launcher.h"

extern "C" OSSL_provider_init_fn credmint_remote_provider_init;

namespace credmint::cli {
namespace {

constexpr BuiltinProvider kRemoteKeys = {kRemoteProvider, credmint_remote_provider_init};

/// Unlike CLI::Range, refuses "nan" and repeats nothing.
std::string CheckKeyTimeout(const std::string& text) {
  double seconds = -1;
  const bool good = CLI::detail::lexical_cast(text, seconds) && seconds >= 0 && seconds <= 3600;
  return good ? "" : "it is not a number of seconds from 0 to 3600";
}

/// A person at a terminal may have to touch a token.
void ReportSlow(const std::string& what) {
  const std::string text = "waiting for " + what + " (does it want to be touched?)";
  isatty(STDERR_FILENO) == 1 ? ReportNotice(text) : LogDebug(text);
}

/// An SDK that runs a command waits for it, so all answers together get the time of one. A person
/// may take longer, and ends the command.
keyprocess::Manners MannersOf(const ProcessOptions& options, Running running) {
  const auto timeout = KeyTimeout(options).value_or(std::chrono::milliseconds(0));
  keyprocess::Manners manners{
      .timeout = timeout, .replaces = running == Running::kUntilTold, .slow = ReportSlow};
  const bool somebody_waits = running == Running::kOnce && timeout.count() > 0 && !HasTerminal();
  if (somebody_waits) manners.until = std::chrono::steady_clock::now() + timeout;
  return manners;
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

Result<LibraryContext> StartLibrary(const ProcessOptions& options, Running running) {
  if (options.no_key_process) {
    daemon::EndSignals::OfThisProcess();  // closes what is open in the device
    return LibraryContext::Create(BuiltinProviders(), options.providers);
  }
  if (running == Running::kUntilTold) ReleaseIdleMemory();  // opens what it needs while it may
  ForbidTracing();
  std::vector<BuiltinProvider> builtin = BuiltinProviders();
  builtin.push_back(kRemoteKeys);
  auto context = LibraryContext::Create(builtin);
  if (!context) return context;
  auto launcher = keyprocess::Launcher::Create([library = context->get()](Descriptor socket) {
    keyprocess::ServeKeys(library, std::move(socket));
  });
  if (running == Running::kUntilTold) {
    if (auto prepared = launcher->PrepareForThreads(); !prepared) return Fail(std::move(prepared));
  }
  auto processes =
      std::make_shared<keyprocess::KeyProcesses>(std::move(launcher), MannersOf(options, running));
  if (options.providers.empty()) {
    context->SetStores(std::move(processes), {});
    return context;
  }
  const StoreDevice other{"providers", "the OpenSSL provider", options.providers};
  auto prepared = processes->Prepare(*context, other);
  if (!prepared) return Fail(std::move(prepared));
  context->SetStores(std::move(processes), other);
  return context;
}

}  // namespace credmint::cli
