#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <span>

#include "base/standard_error.h"
#include "cli/cache.h"
#include "cli/credential_process.h"
#include "cli/end_signals.h"
#include "cli/exit_status.h"
#include "cli/list.h"
#include "cli/output.h"
#include "cli/quoting_hint.h"
#include "cli/read_certificate_data.h"
#include "cli/serve.h"
#include "cli/sign_string.h"
#include "cli/update.h"
#include "cli/version.h"
#include "credmint_version.h"

namespace credmint::cli {
namespace {

/// PINs and credentials must not end up in a core file; a reader that goes away is an error to
/// report, not a signal to die of; and what foreign modules print must not end up in the answer.
void PrepareProcess() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  signal(SIGPIPE, SIG_IGN);
  AllowCatchingStandardError();
}

ExitStatus ReportUsage(const CLI::App& app, const CLI::ParseError& error,
                       std::span<char* const> arguments) {
  if (error.get_exit_code() == 0) {  // --help
    static_cast<void>(app.exit(error));
    return ExitStatus::kSuccess;
  }
  std::string message = error.what();
  message.erase(std::min(message.find('\n'), message.size()));
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
    message = "a command is missing";
  }
  const std::string_view first = arguments.size() > 1 ? arguments[1] : "";
  if (app.get_subcommands().empty() && !first.empty() && first.front() != '-') {
    message = fmt::format("there is no command '{}'", first);
  }
  std::string hint = QuotingHint(arguments);
  if (hint.empty()) hint = "credmint --help, credmint COMMAND --help";
  return ReportError({ErrorCode::kUsage, message, hint});
}

/// What is left of "\\" at a line's end in a file whose reader does not join such lines.
bool IsContinuation(std::string_view argument) {
  return argument == "\\" || argument.starts_with("\\\n") || argument.starts_with("\\\r") ||
         argument.starts_with('\n');
}

ExitStatus ReportContinuation() {
  return ReportError({ErrorCode::kUsage,
                      "an argument is the end of a line: the command is broken by a backslash, "
                      "which its reader does not understand",
                      "write the whole command on one line"});
}

ExitStatus Run(int argc, char** argv) {
  if (std::any_of(argv, argv + argc, IsContinuation)) return ReportContinuation();
  const EndSignals end_signals;
  CLI::App app(
      "credmint: AWS credentials from a key in an HSM, a TPM or a file, by IAM Roles "
      "Anywhere");
  app.require_subcommand(1);
  app.set_version_flag("--version", CREDMINT_VERSION);
  // Each makes its flags when it is the command that is given: those of all would take 0.2 ms.
  CredentialProcessCommand credential_process(app);
  UpdateCommand update(app);
  ServeCommand serve(app);
  SignStringCommand sign_string(app);
  ReadCertificateDataCommand read_certificate_data(app);
  ListCommand list(app);
  CacheCommand cache(app);
  const VersionCommand version(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error, {argv, static_cast<std::size_t>(argc)});
  }
  Result<void> result;
  if (credential_process.app().parsed()) result = credential_process.Run();
  if (update.app().parsed()) result = update.Run(end_signals);
  if (serve.app().parsed()) result = serve.Run(end_signals);
  if (sign_string.app().parsed()) result = sign_string.Run();
  if (read_certificate_data.app().parsed()) result = read_certificate_data.Run();
  if (list.app().parsed()) result = list.Run();
  if (cache.app().parsed()) result = cache.Run();
  if (version.app().parsed()) result = VersionCommand::Run();
  end_signals.WaitIfEnding();
  return result ? ExitStatus::kSuccess : ReportError(result.error());
}

}  // namespace
}  // namespace credmint::cli

int main(int argc, char** argv) try {
  credmint::cli::PrepareProcess();
  return static_cast<int>(credmint::cli::Run(argc, argv));
} catch (...) {  // nothing of ours throws: what is left is a library that ran out of memory
  fputs("credmint: out of memory\n", stderr);
  return static_cast<int>(credmint::cli::ExitStatus::kInternal);
}
