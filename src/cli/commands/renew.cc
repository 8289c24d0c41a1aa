// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/renew.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bell.h"
#include "base/printable.h"
#include "base/timestamp.h"
#include "cli/options/duration_option.h"
#include "cli/options/hidden_places.h"
#include "cli/options/new_key_options.h"
#include "cli/options/option_groups.h"
#include "cli/options/start_library.h"
#include "cli/options/state_folder.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "daemon/end_signals.h"
#include "daemon/run_until_told.h"
#include "daemon/service_manager.h"
#include "enrolment/command_issuer.h"
#include "identity/secret_source.h"

namespace credmint::cli {
namespace {

constexpr const char* kRenewalGroup = "Renewal";
constexpr double kLongestExec = 3600;
constexpr double kLongestBefore = 366.0 * 24 * 3600;

std::chrono::seconds WholeSeconds(double value) {
  return std::chrono::seconds(static_cast<std::chrono::seconds::rep>(value));
}

/// The variables that hold secrets or keys, or that tell a service who it is.
std::set<std::string_view> UnsharedVariables(const KeyOptions& key, const std::string& owner) {
  constexpr std::string_view kVariable = "env:";
  std::set<std::string_view> names = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
                                      "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES"};
  for (const std::string* text :
       {&key.passin, &key.context_passin, &key.parent_passin, &key.policy_passin,
        &key.policy_key_passin, &key.private_key, &key.policy_key, &owner}) {
    if (text->starts_with(kVariable)) names.insert(std::string_view(*text).substr(4));
  }
  return names;
}

std::vector<std::string> EnvironmentWithout(const std::set<std::string_view>& names) {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!names.contains(text.substr(0, text.find('=')))) kept.emplace_back(text);
  }
  return kept;
}

std::string NameOf(const Certificate& leaf) {
  return fmt::format("{}, valid until {}", PrintableUtf8(leaf.Subject()),
                     FormatTimestamp(leaf.NotAfter()));
}

std::vector<std::string> Lines(const std::optional<RenewalResult>& result) {
  if (!result) return {"another run is renewing this certificate"};
  const std::string next = FormatTimestamp(result->next);
  std::vector<std::string> lines;
  switch (result->kind) {
    case RenewalResult::Kind::kRenewed:
      lines.push_back(
          fmt::format("renewed {}, in {}", NameOf(*result->leaf), PrintableUtf8(result->place)));
      lines.push_back(fmt::format("the next renewal is due at {}", next));
      break;
    case RenewalResult::Kind::kNotDue:
      lines.push_back(fmt::format("not due until {}: {}", next, NameOf(*result->leaf)));
      break;
    case RenewalResult::Kind::kWaits:
      lines.push_back(fmt::format("not tried again until {}, because the last run failed", next));
      break;
  }
  for (const std::string& note : result->notes) lines.push_back(PrintableUtf8(note));
  return lines;
}

/// A refused secret is not sent again.
bool WaitsForReload(const Error& failure) {
  return failure.code == ErrorCode::kPinIncorrect || failure.code == ErrorCode::kPinLocked;
}

/// Tells people and the service manager what a look at the certificate has shown, once.
class WatchReports {
 public:
  void Tell(const std::vector<std::string>& lines) {
    if (lines == told_) return;
    told_ = lines;
    for (const std::string& line : lines) ReportNotice(line);
    daemon::NotifyManager("STATUS=" + lines.back());
  }

  void Tell(const Error& failure) {
    ReportError(failure);
    told_.clear();
    daemon::NotifyManager(WaitsForReload(failure)
                              ? "STATUS=the renewal failed, and waits for SIGHUP"
                              : "STATUS=the renewal failed, and is tried again");
  }

 private:
  std::vector<std::string> told_;
};

/// A clock may be set, and a machine may sleep, so nobody waits for longer.
constexpr std::chrono::minutes kLongestSleep{60};
constexpr std::chrono::minutes kSleepOfSecond{1};  ///< while another run is at work

/// How long to sleep after a look; nothing after a failure that only SIGHUP can mend.
std::optional<std::chrono::milliseconds> SleepAfter(
    const Result<std::optional<RenewalResult>>& looked) {
  using std::chrono::milliseconds;
  if (!looked && WaitsForReload(looked.error())) return std::nullopt;
  if (!looked && looked.error().retry_after.count() == 0) return kLongestSleep;
  if (!looked) return std::min<milliseconds>(looked.error().retry_after, kLongestSleep);
  if (!*looked) return kSleepOfSecond;
  const auto left =
      std::chrono::ceil<std::chrono::seconds>((*looked)->next - std::chrono::system_clock::now());
  return std::clamp<milliseconds>(left, std::chrono::seconds(1), kLongestSleep);
}

/// A new key gets another id or handle, and the references must still be right.
Result<void> CheckCanRekey(const IdentitySpec& identity) {
  const auto& certificate = *identity.certificate.certificate;
  const KeyReference key =
      identity.private_key ? identity.private_key->Clone() : certificate.ForPrivateKey();
  if (key.scheme() == nullptr && !key.is_path()) {
    return Fail(ErrorCode::kUsage, fmt::format("--rekey: no key can be made in {}", key.shown()),
                "name a file, pkcs11:token=TOKEN;object=LABEL, or handle:");
  }
  if (key.scheme() != nullptr && key.NamesOneKey()) {
    return Fail(
        ErrorCode::kUsage, fmt::format("--rekey: {} names the present key alone", key.shown()),
        "name it so that the certificate decides: pkcs11:token=TOKEN;object=LABEL without an "
        "id, or handle: without a number");
  }
  const bool is_token = certificate.scheme() != nullptr && certificate.scheme()->rfc7512;
  if (!is_token || !certificate.NamesOneKey()) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("--rekey: {} names the present certificate alone", certificate.shown()),
              "name it by its label, without an id: pkcs11:token=TOKEN;object=LABEL");
}

}  // namespace

RenewCommand::RenewCommand(CLI::App& app)
    : app_(app.add_subcommand("renew", "Renew a certificate when it is due")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = "--certificate, --private-key, and --exec or --cmp",
                    .example = "credmint renew --certificate web.pem --private-key web.key \\\n"
                               "  --exec 'ssh ca sign-request'"});
    CLI::Option* const exec =
        AddText(*app_, "--exec", exec_,
                "Command for /bin/sh that gets the request in PEM on stdin, and prints the new "
                "certificate and its issuers")
            ->option_text("COMMAND")
            ->group(kRenewalGroup);
    AddDuration(*app_, "--exec-timeout", exec_timeout_, 1, kLongestExec,
                "Time for that command, in seconds or with units: 90, 5m")
        ->needs(exec)
        ->group(kRenewalGroup);
    AddDuration(*app_, "--before", before_, 1, kLongestBefore,
                "Time before the end of the certificate: 7d (default: 1/3 of the validity)")
        ->default_str("")
        ->group(kRenewalGroup);
    app_->add_flag("--rekey", rekey_, "Make a new key of the same type, beside the present one")
        ->group(kRenewalGroup);
    AddDuration(*app_, "--keep-old", keep_old_, 0, kLongestBefore,
                "With --rekey: time until a later run deletes the present key")
        ->default_str("7d")
        ->group(kRenewalGroup);
    app_->add_flag("--force", force_, "Renew now, even if it is not due or the last run failed")
        ->group(kRenewalGroup);
    app_->add_flag("--watch", watch_, "Stay, and renew the certificate each time it is due")
        ->group(kRenewalGroup);
    AddCmpFlags(*app_, cmp_)->excludes(exec);
    AddKeyFlags(*app_, key_);
    AddOwnerFlag(*app_, owner_passin_);
    AddProcessFlags(*app_, process_);
  });
}

Result<void> RenewCommand::Check(const IdentitySpec& identity) const {
  if (auto given = CheckCertificateIsGiven(identity); !given) return given;
  const KeyReference& certificate = *identity.certificate.certificate;
  if (certificate.scheme() == nullptr && !certificate.is_path()) {
    return Fail(
        ErrorCode::kUsage,
        fmt::format("--certificate: no certificate can be written to {}", certificate.shown()),
        "give pkcs11:token=TOKEN;object=LABEL, nv:0x01… or the path of a file");
  }
  if (rekey_) {
    if (auto apart = CheckCanRekey(identity); !apart) return apart;
  }
  if (!exec_.empty() || !cmp_.url.empty()) return {};
  return Fail(ErrorCode::kUsage, "--exec or --cmp is missing",
              "give the command that has your CA sign a request, or your CA's CMP server");
}

Result<std::unique_ptr<CertificateIssuer>> RenewCommand::MakeIssuer(const LibraryContext& library,
                                                                    Told& told) const {
  if (!cmp_.url.empty()) {
    auto server = ReadCmpServer(library, cmp_);
    if (!server) return Fail(std::move(server));
    server->pause = [&told](std::chrono::milliseconds pause) {
      told.bell.Wait(std::chrono::steady_clock::now() + pause);
      return !told.ended;
    };
    return MakeCmpIssuer(library, *std::move(server));
  }
  const std::chrono::milliseconds limit(
      static_cast<std::chrono::milliseconds::rep>(exec_timeout_ * 1000));
  return std::make_unique<CommandIssuer>(
      library,
      IssuingCommand{exec_, limit, EnvironmentWithout(UnsharedVariables(key_, owner_passin_))});
}

Result<std::optional<RenewalResult>> RenewCommand::RunOnce(const Tools& tools, bool at_once) const {
  const auto folder = StateFolder();
  if (!folder) return Fail(folder);
  const auto file = RenewalFile::Lock(*folder, *tools.identity->certificate.certificate);
  if (!file) return Fail(Error(file.error()));
  if (!*file) return std::nullopt;
  auto owner_auth = ReadOwnerAuth(owner_passin_);
  if (!owner_auth) return Fail(std::move(owner_auth));
  const RenewalWishes wishes{
      .before = before_ > 0 ? std::optional(WholeSeconds(before_)) : std::nullopt,
      .at_once = at_once,
      .rekey = rekey_,
      .keep_old = WholeSeconds(keep_old_),
      .owner_auth = *std::move(owner_auth)};
  auto opener = IdentityOpener::Create(tools.library, tools.identity,
                                       watch_ || rekey_ ? PromptFunction() : AskAtTerminal);
  if (!opener) return Fail(std::move(opener));
  return Renewal(tools.library, *opener, tools.issuer, **file, wishes).Run();
}

/// Ends by SIGTERM or SIGINT. After a failure, SIGHUP tries again at once, with a secret that was
/// refused before, too.
Result<void> RenewCommand::Watch(const Tools& tools) const {
  Told& told = tools.told;
  const daemon::ToldBySignals by_signals(
      daemon::EndSignals::OfThisProcess(),
      [&] {
        told.hung_up = true;
        told.bell.Ring();
      },
      [&] {
        told.ended = true;
        told.bell.Ring();
      });
  WatchReports reports;
  bool at_once = force_;
  while (!told.ended) {
    auto looked = RunOnce(tools, at_once);
    if (!looked && looked.error().code == ErrorCode::kUsage) return Fail(std::move(looked));
    looked ? reports.Tell(Lines(*looked)) : reports.Tell(looked.error());
    daemon::NotifyManager("READY=1");
    const auto sleep = SleepAfter(looked);
    const auto until = std::chrono::steady_clock::now() + sleep.value_or(kLongestSleep);
    const bool is_told = told.ended || told.hung_up;  // the issuer may have heard the bell
    if (!is_told) told.bell.Wait(sleep ? std::optional(until) : std::nullopt);
    at_once = told.hung_up.exchange(false) && !looked;
  }
  return {};
}

Result<void> RenewCommand::Run() const {
  const auto start_log = watch_ ? StartLogOfService : StartLog;
  start_log(process_);
  KeyOptions key = key_;
  key.use_latest_expiring_certificate = true;  // while the earlier one is still there
  const auto identity = WithoutPlace(ParseIdentity(key));
  if (!identity) return Fail(identity);
  if (auto checked = Check(**identity); !checked) return checked;
  ProcessOptions process = process_;
  process.secret_files = SecretFilesOf(**identity);
  if (const auto source = SecretSource::Parse(owner_passin_); source && source->file()) {
    process.secret_files.push_back(*source->file());
  }
  if (watch_) IgnoreOpensslVariables(process);
  const auto library = StartLibrary(process, Running::kUntilTold);
  if (!library) return Fail(library);
  daemon::EndSignals::OfThisProcess();  // ends the command, too
  Told told;
  const auto issuer = MakeIssuer(*library, told);
  if (!issuer) return Fail(Error(issuer.error()));
  const Tools tools{*library, *identity, **issuer, told};
  if (watch_) return Watch(tools);
  const auto result = RunOnce(tools, force_);
  if (!result) return Fail(result);
  return WriteResult(fmt::format("{}\n", fmt::join(Lines(*result), "\n")));
}

}  // namespace credmint::cli
