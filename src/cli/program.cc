// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <signal.h>
#include <stdio.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core_limit.h"
#include "base/standard_error.h"
#include "cli/commands/cache.h"
#include "cli/commands/complete.h"
#include "cli/commands/config.h"
#include "cli/commands/credential_process.h"
#include "cli/commands/csr.h"
#include "cli/commands/doctor.h"
#include "cli/commands/exec.h"
#include "cli/commands/import_certificate.h"
#include "cli/commands/init.h"
#include "cli/commands/key_command.h"
#include "cli/commands/list.h"
#include "cli/commands/read_certificate_data.h"
#include "cli/commands/renew.h"
#include "cli/commands/serve.h"
#include "cli/commands/sign_string.h"
#include "cli/commands/token.h"
#include "cli/commands/update.h"
#include "cli/commands/version.h"
#include "cli/options/process_options.h"
#include "cli/options/quoting_hint.h"
#include "cli/options/secret_option.h"
#include "cli/options/usage_error.h"
#include "cli/output/exit_status.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "credmint_version.h"
#include "daemon/end_signals.h"

namespace credmint::cli {
namespace {

/// Keeps PINs and credentials out of core files, and the output of foreign modules out of the
/// result. Makes a reader that goes away an error instead of a fatal signal.
void PrepareProcess() {
  ForbidCoreFiles();
  signal(SIGPIPE, SIG_IGN);
  AllowCatchingStandardError();
}

/// Turns `help COMMAND` into `COMMAND --help`, and `help` alone into `--help`.
std::vector<char*> WithoutHelpCommand(std::vector<char*> arguments) {
  static char help[] = "--help";
  if (arguments.size() < 2 || std::string_view(arguments[1]) != "help") return arguments;
  arguments.erase(arguments.begin() + 1);
  arguments.push_back(help);
  return arguments;
}

/// Removes "--" and what follows from the arguments of `exec`, and returns what follows: another
/// command, whose arguments are not ours to check.
std::vector<std::string> TakeCommandToRun(std::vector<char*>& arguments) {
  if (arguments.size() < 2 || std::string_view(arguments[1]) != ExecCommand::kName) return {};
  const auto end = std::find_if(arguments.begin(), arguments.end(), [](const char* argument) {
    return std::string_view(argument) == "--";
  });
  if (end == arguments.end()) return {};
  std::vector<std::string> command(end + 1, arguments.end());
  arguments.erase(end, arguments.end());
  return command;
}

/// Reports why `arguments`, which begin with the program's name, could not be parsed, or prints the
/// help or version that they ask for.
ExitStatus ReportUsage(CLI::App& app, const CLI::ParseError& error, std::span<char*> arguments) {
  if (arguments.size() < 2) {
    fputs(app.help().c_str(), stderr);
    return ExitStatus::kUsage;
  }
  if (error.get_exit_code() == 0) {
    static_cast<void>(app.exit(error));
    return ExitStatus::kSuccess;
  }
  Error usage = ExplainUsage(app, arguments.subspan(1));
  if (std::string hint = QuotingHint(arguments); !hint.empty()) usage.hint = std::move(hint);
  return ReportError(usage);
}

/// The remains of a "\\" at the end of a line, in a file whose reader does not join such lines.
bool IsContinuation(std::string_view argument) {
  return argument == "\\" || argument.starts_with("\\\n") || argument.starts_with("\\\r") ||
         argument.starts_with('\n');
}

ExitStatus ReportContinuation() {
  return ReportError({ErrorCode::kUsage,
                      "an argument is a line end: the command is broken by a backslash, which "
                      "does not join lines here",
                      "write the whole command on one line"});
}

Result<void> CheckSecretsOfCommand(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) {
    if (auto checked = CheckSecrets(*command); !checked) return checked;
    if (auto checked = CheckSecretsOfCommand(*command); !checked) return checked;
  }
  return {};
}

bool AsksForCompletions(const std::vector<char*>& arguments) {
  return arguments.size() > 1 && std::string_view(arguments[1]) == kCompleteName;
}

Result<ExitStatus> StatusOfRun(Result<void> result) {
  if (!result) return Fail(std::move(result));
  return ExitStatus::kSuccess;
}

Result<ExitStatus> StatusOfRun(Result<ExitStatus> result) { return result; }

/// The program and its commands: all of them, or the only one that is wanted. Making all takes a
/// tenth of the time of a hit in the cache.
class Program {
 public:
  Program(std::string_view wanted, const std::vector<std::string>& command_to_run);

  CLI::App& app() { return app_; }

  /// Runs the command that was parsed.
  [[nodiscard]] Result<ExitStatus> Run() const;

 private:
  struct Command {
    const CLI::App* app;
    std::function<Result<ExitStatus>()> run;
  };

  template <typename Made, typename... More>
  void Add(std::string_view name, More&&... more) {
    if (!wanted_.empty() && wanted_ != name) return;
    auto made = std::make_shared<Made>(app_, std::forward<More>(more)...);
    commands_.push_back({&made->app(), [made] { return StatusOfRun(made->Run()); }});
  }

  const std::string_view wanted_;  // empty: all
  CLI::App app_;
  std::vector<Command> commands_;
};

Program::Program(std::string_view wanted, const std::vector<std::string>& command_to_run)
    : wanted_(wanted),
      app_(
          "credmint: AWS credentials with a key in an HSM, a TPM or a file, through IAM Roles "
          "Anywhere") {
  app_.require_subcommand(1);
  SetHelp(app_, {});  // also for the commands, which may say more
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.set_help_all_flag("--help-all", "Print the help with all options and exit");
  app_.set_version_flag("-V,--version", CREDMINT_VERSION, "Print the version and exit");
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Add<CredentialProcessCommand>("credential-process");
  Add<ExecCommand>(ExecCommand::kName, command_to_run);
  Add<UpdateCommand>("update");
  Add<ServeCommand>("serve");
  Add<SignStringCommand>("sign-string");
  Add<ReadCertificateDataCommand>("read-certificate-data");
  Add<ListCommand>("list");
  Add<InitCommand>("init");
  Add<TokenCommand>("token");
  Add<KeyCommand>("key");
  Add<CsrCommand>("csr");
  Add<ImportCertificateCommand>("import-certificate");
  Add<RenewCommand>("renew");
  Add<DoctorCommand>("doctor");
  Add<ConfigCommand>("config");
  Add<CacheCommand>("cache");
  Add<VersionCommand>("version");
  SetHelp(app_, {.example = "credmint credential-process --role web"});
}

Result<ExitStatus> Program::Run() const {
  for (const Command& command : commands_) {
    if (command.app->parsed()) return command.run();
  }
  return Fail(ErrorCode::kInternal, "the command has nothing to run");
}

bool Parses(CLI::App& app, std::vector<char*>& arguments) try {
  app.parse(static_cast<int>(arguments.size()), arguments.data());
  return true;
} catch (const CLI::ParseError&) {
  return false;
}

ExitStatus RunParsed(Program& program) {
  if (auto checked = CheckSecretsOfCommand(program.app()); !checked) {
    return ReportError(checked.error());
  }
  const auto result = program.Run();
  daemon::EndSignals::WaitIfThisProcessIsEnding();
  return result ? *result : ReportError(result.error());
}

}  // namespace

ExitStatus RunProgram(std::vector<char*> arguments) {
  PrepareProcess();
  const std::vector<std::string> command_to_run = TakeCommandToRun(arguments);
  const bool completes = AsksForCompletions(arguments);
  if (!completes) StartLogOfArguments(arguments);
  if (!completes && std::any_of(arguments.begin(), arguments.end(), IsContinuation))
    return ReportContinuation();
  if (arguments.size() > 1 && !completes) {
    Program program(arguments[1], command_to_run);
    if (Parses(program.app(), arguments)) return RunParsed(program);
  }
  // Otherwise the program with all commands says why, or helps.
  Program program({}, command_to_run);
  CLI::App& app = program.app();
  if (completes) {
    PrintCompletions(app, {arguments.begin() + 2, arguments.end()});
    return ExitStatus::kSuccess;
  }
  const bool asks_help = arguments.size() > 2 && std::string_view(arguments[1]) == "help";
  if (asks_help && FindCommand(app, arguments[2]) == nullptr) {
    return ReportError(NoSuchCommand(app, arguments[2]));
  }
  arguments = WithoutHelpCommand(std::move(arguments));
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error, arguments);
  }
  return RunParsed(program);
}

}  // namespace credmint::cli
