// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/renew.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

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

std::string Describe(const RenewalResult& result) {
  const std::string next = FormatTimestamp(result.next);
  switch (result.kind) {
    case RenewalResult::Kind::kRenewed:
      return fmt::format("renewed {}, in {}\nthe next renewal is due at {}\n", NameOf(*result.leaf),
                         PrintableUtf8(result.place), next);
    case RenewalResult::Kind::kNotDue:
      return fmt::format("not due until {}: {}\n", next, NameOf(*result.leaf));
    case RenewalResult::Kind::kWaits:
      break;
  }
  return fmt::format("not tried again until {}, because the last run failed\n", next);
}

}  // namespace

RenewCommand::RenewCommand(CLI::App& app)
    : app_(app.add_subcommand("renew", "Renew a certificate when it is due")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = "--certificate, --private-key and --exec",
                    .example = "credmint renew --certificate web.pem --private-key web.key \\\n"
                               "  --exec 'ssh ca sign-request'"});
    AddText(*app_, "--exec", exec_,
            "Command for /bin/sh that gets the request in PEM on stdin, and prints the new "
            "certificate and its issuers")
        ->option_text("COMMAND")
        ->group(kRenewalGroup);
    AddDuration(*app_, "--exec-timeout", exec_timeout_, 1, kLongestExec,
                "Time for that command, in seconds or with units: 90, 5m")
        ->group(kRenewalGroup);
    AddDuration(*app_, "--before", before_, 1, kLongestBefore,
                "Time before the end of the certificate: 7d (default: 1/3 of the validity)")
        ->default_str("")
        ->group(kRenewalGroup);
    app_->add_flag("--force", force_, "Renew now, even if it is not due or the last run failed")
        ->group(kRenewalGroup);
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
  if (!exec_.empty()) return {};
  return Fail(ErrorCode::kUsage, "--exec is missing",
              "give the command that has your CA sign a request");
}

Result<std::unique_ptr<CertificateIssuer>> RenewCommand::MakeIssuer(
    const LibraryContext& library) const {
  const std::chrono::milliseconds limit(
      static_cast<std::chrono::milliseconds::rep>(exec_timeout_ * 1000));
  return std::make_unique<CommandIssuer>(
      library,
      IssuingCommand{exec_, limit, EnvironmentWithout(UnsharedVariables(key_, owner_passin_))});
}

Result<std::string> RenewCommand::RunOnce(const LibraryContext& library,
                                          const std::shared_ptr<const IdentitySpec>& identity,
                                          CertificateIssuer& issuer) const {
  const auto folder = StateFolder();
  if (!folder) return Fail(folder);
  const auto file = RenewalFile::Lock(*folder, *identity->certificate.certificate);
  if (!file) return Fail(Error(file.error()));
  if (!*file) return "another run is renewing this certificate\n";
  auto owner_auth = ReadOwnerAuth(owner_passin_);
  if (!owner_auth) return Fail(std::move(owner_auth));
  const RenewalWishes wishes{
      .before = before_ > 0 ? std::optional(WholeSeconds(before_)) : std::nullopt,
      .at_once = force_,
      .owner_auth = *std::move(owner_auth)};
  auto opener = IdentityOpener::Create(library, identity, AskAtTerminal);
  if (!opener) return Fail(std::move(opener));
  const auto result = Renewal(library, *opener, issuer, **file, wishes).Run();
  if (!result) return Fail(result);
  return Describe(*result);
}

Result<void> RenewCommand::Run() const {
  StartLog(process_);
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
  const auto library = StartLibrary(process, Running::kUntilTold);
  if (!library) return Fail(library);
  daemon::EndSignals::OfThisProcess();  // ends the command, too
  const auto issuer = MakeIssuer(*library);
  if (!issuer) return Fail(Error(issuer.error()));
  const auto text = RunOnce(*library, *identity, **issuer);
  if (!text) return Fail(text);
  return WriteResult(*text);
}

}  // namespace credmint::cli
