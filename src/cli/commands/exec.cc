// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/exec.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/closed_at_exit.h"
#include "base/random_text.h"
#include "base/timestamp.h"
#include "cli/options/child_environment.h"
#include "cli/options/start_library.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/role_reports.h"
#include "cli/output/terminal_prompt.h"
#include "daemon/role_server.h"
#include "roles/mint.h"

namespace credmint::cli {
namespace {

constexpr std::size_t kTokenSize = 32;
constexpr const char* kCommandGroup = "Command";

/// Adds the descriptors from which keys, certificates and secrets are read.
void AddReadFrom(const IdentitySpec& spec, std::set<std::optional<int>>& found) {
  const SecretSources& secrets = spec.secrets;
  for (const auto* source : {&secrets.user, &secrets.context, &secrets.parent, &secrets.policy,
                             &spec.policy_key_secret}) {
    if (*source) found.insert((*source)->descriptor());
  }
  for (const auto* reference : {&spec.private_key, &spec.policy_key, &spec.certificate.certificate,
                                &spec.certificate.intermediates}) {
    if (*reference) found.insert((*reference)->descriptor());
  }
}

/// Ends this process at once: a call to the service may be running, and the rest needs no cleaning
/// up.
[[noreturn]] void EndWith(const daemon::ChildEnd& end) {
  if (end.failure) ReportError(*end.failure);
  ClosedAtExit::CloseAll();
  daemon::EndAs(end);
}

/// The surroundings of a server whose first credentials are waited for: asks for secrets, and
/// reports failures once the wait is over.
class WaitedFor {
 public:
  [[nodiscard]] roles::Environment environment() {
    return {.ask = [this](const PassphraseRequest& request,
                          PromptReason reason) -> Result<std::optional<Secret>> {
              if (over_) return std::nullopt;
              return AskAtTerminal(request, reason);
            },
            .kept_earlier = [](const Error& error) { ReportError(error); },
            .minted = ReportMints(LogLevel::kDebug),
            .changed_identity = ReportIdentityChange};
  }

  [[nodiscard]] roles::RoleSetObserver observer() {
    roles::RoleSetObserver reports = ReportRoles();
    return {.added = reports.added,
            .answered = nullptr,
            .failed =
                [this, report = reports.failed](const roles::Role& role, const Error& error) {
                  if (!over_) return;
                  reported_ = true;
                  report(role, error);
                },
            .recovered =
                [this, report = reports.recovered](const roles::Role& role) {
                  if (reported_.exchange(false)) report(role);
                }};
  }

  void End() { over_ = true; }

 private:
  std::atomic<bool> over_ = false;
  std::atomic<bool> reported_ = false;
};

}  // namespace

ExecCommand::ExecCommand(CLI::App& app, std::vector<std::string> words)
    : app_(app.add_subcommand(kName, "Run a command with credentials that stay fresh")),
      command_{.words = std::move(words), .environment = {}, .descriptors = {}} {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.usage = "-- COMMAND [ARGUMENT...]",
                    .needs = fmt::format("the command after --, and {}", kNeedsRole),
                    .example = "credmint exec --role web -- aws configure list"});
    app_->add_flag("--env", env_,
                   "Give the credentials in variables, which are not kept fresh, instead of from a "
                   "local server")
        ->group(kCommandGroup);
    AddRoleFlags(*app_, flags_);
    AddCacheFlag(*app_, flags_.given.cache);
  });
}

Result<void> ExecCommand::Check() const {
  if (command_.words.empty()) {
    return Fail(ErrorCode::kUsage, "there is no command to run",
                "write -- and then the command, at the end");
  }
  if (flags_.given.cache && !env_) {
    return Fail(ErrorCode::kUsage, "--cache is only for --env",
                "without --env the command gets credentials that are minted for it");
  }
  return {};
}

Result<void> ExecCommand::Run() {
  command_.descriptors = daemon::OpenDescriptors();
  if (auto checked = Check(); !checked) return checked;
  auto wanted = FindRole(*app_, flags_);
  if (!wanted) return Fail(std::move(wanted));
  StartLog(wanted->process);
  wanted->Log();
  std::set<std::optional<int>> ours;
  for (const auto& identity : roles::IdentitiesOf(wanted->roles.front())) {
    AddReadFrom(*identity.spec, ours);
  }
  std::erase_if(command_.descriptors, [&](int descriptor) { return ours.contains(descriptor); });
  return env_ ? RunStatic(*wanted) : RunServed(*std::move(wanted));
}

Result<void> ExecCommand::RunServed(WantedRoles wanted) {
  mallopt(M_ARENA_MAX, 1);  // as for serve
  const auto library = StartLibrary(wanted.process, Running::kUntilTold);
  if (!library) return Fail(library);
  const auto& end_signals = daemon::EndSignals::OfThisProcess();
  auto token = RandomHex(kTokenSize);
  if (!token) return Fail(std::move(token), "making a token");
  for (roles::Role& role : wanted.roles) role.sharing = {};  // it is for the command alone
  daemon::ServerOptions options;
  options.port = 0;
  options.serves_imds = false;
  options.token = std::make_shared<const Secret>(token->Clone());

  WaitedFor first;
  const auto server =
      daemon::RoleServer::Start(*library, std::move(wanted.roles), options, first.observer(),
                                ReportUsersOfExec(), first.environment());
  if (!server) return Fail(server);
  if (auto minted = (*server)->WaitForCredentials(); !minted) return minted;
  end_signals.WaitIfEnding();
  first.End();
  const daemon::ServerPlaces& places = (*server)->places();
  command_.environment = ContainerEnvironment(
      fmt::format("http://{}/role/{}", places.authority, places.roles.front()), *token);
  const daemon::ChildEnd end = daemon::RunChild(command_, end_signals);
  (*server)->FinishReports();
  EndWith(end);
}

Result<void> ExecCommand::RunStatic(const WantedRoles& wanted) {
  const roles::Role& role = wanted.roles.front();
  const auto credentials = roles::Mint(role, [&] { return StartToMint(wanted.process, role); },
                                       {.ask = AskAtTerminal,
                                        .minted = ReportMints(LogLevel::kDebug),
                                        .changed_identity = ReportIdentityChange});
  if (!credentials) return Fail(credentials);
  command_.environment = StaticEnvironment(*credentials);
  ReportNotice(
      fmt::format("the credentials expire at {}", FormatTimestamp(credentials->expiration)));
  ClosedAtExit::CloseAll();
  EndWith(daemon::BecomeChild(command_));
}

}  // namespace credmint::cli
