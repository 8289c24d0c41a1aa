// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "cli/options/hidden_places.h"
#include "cli/options/known_variables.h"
#include "cli/options/server_flags.h"
#include "cli/options/start_library.h"
#include "cli/output/help_text.h"
#include "cli/output/terminal_prompt.h"
#include "doctor/device_checks.h"
#include "doctor/service_checks.h"
#include "doctor/sharing_checks.h"
#include "doctor/surroundings.h"

namespace credmint::cli {
namespace {

using doctor::Observer;
using doctor::Topic;

std::string Names(const std::vector<roles::Role>& roles) {
  std::vector<std::string> names;
  names.reserve(roles.size());
  for (const roles::Role& role : roles) names.push_back(roles::NameOf(role));
  return fmt::format("{}", fmt::join(names, ", "));
}

void CheckArns(const Observer& observer, const std::vector<roles::Role>& roles) {
  for (const roles::Role& role : roles) {
    const SessionRequest& request = role.session.request;
    Topic(observer, "arns", {roles::NameOf(role)})
        .Ok(fmt::format("{} in {}, with the trust anchor {} and the profile {}",
                        request.role().text, request.region(), request.trust_anchor().text,
                        request.profile().text));
  }
}

const doctor::ExaminedIdentity& IdentityOf(const IdentitySpec& spec,
                                           const std::vector<doctor::ExaminedIdentity>& all) {
  return *std::find_if(all.begin(), all.end(), [&](const doctor::ExaminedIdentity& identity) {
    return *identity.spec == spec;
  });
}

void LearnFiles(const roles::Role& role, Redaction& redaction) {
  for (const roles::NamedIdentity& identity : roles::IdentitiesOf(role)) {
    for (const std::string& file : SecretFilesOf(*identity.spec)) redaction.LearnPath(file);
  }
  for (const std::string& file : {role.sharing.token_file, role.session.transport.ca_bundle}) {
    redaction.LearnPath(file);
  }
}

void LearnNames(const std::vector<roles::Role>& roles, Redaction& redaction) {
  for (const roles::Role& role : roles) {
    const SessionRequest& request = role.session.request;
    for (const std::string& arn :
         {request.role().text, request.profile().text, request.trust_anchor().text}) {
      redaction.Learn(arn.substr(arn.rfind('/') + 1), "RESOURCE");
    }
    for (const std::string& user : role.sharing.allow_users.value_or(std::vector<std::string>())) {
      redaction.Learn(user, "USER");
    }
    LearnFiles(role, redaction);
  }
}

/// Whether both have the same secret for their key, given by an option or in the URI.
bool HaveTheSameSecret(const IdentitySpec& left, const IdentitySpec& right) {
  KeyReference left_key = doctor::KeyOf(left).Clone();
  KeyReference right_key = doctor::KeyOf(right).Clone();
  return left.secrets == right.secrets && left_key.TakePin() == right_key.TakePin();
}

/// Another identity whose secret was sent to a token of this one, and is another secret.
const doctor::ExaminedIdentity* SentBefore(const doctor::ExaminedIdentity& identity,
                                           std::span<const doctor::ExaminedIdentity> earlier) {
  for (const doctor::ExaminedIdentity& other : earlier) {
    if (HaveTheSameSecret(*other.spec, *identity.spec)) continue;
    if (!doctor::HasDeviceSecret(*other.spec)) continue;
    for (const KeyReference& device : doctor::DevicesOf(*identity.spec)) {
      for (const KeyReference& known : doctor::DevicesOf(*other.spec)) {
        if (device.scheme()->rfc7512 && device.place() == known.place()) return &other;
      }
    }
  }
  return nullptr;
}

}  // namespace

DoctorCommand::DoctorCommand(CLI::App& app)
    : app_(app.add_subcommand("doctor", "Check all that a mint needs, and say what is wrong")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = {}, .example = "credmint doctor --role web"});
    app_->add_flag("--login", login_,
                   "Log in to each token once, use auth values, and make one signature with each "
                   "key");
    app_->add_flag("--mint", mint_, "Also ask the service for a session; implies --login");
    app_->add_flag("--json", json_, "Print JSON");
    app_->add_flag("--redact", redact_,
                   "Leave out account ids, resources of ARNs, serial numbers, subjects, the names "
                   "of hosts and users, and paths below the home folder");
    AddRoleFlags(*app_, flags_);
  });
}

DoctorCommand::Wanted DoctorCommand::ReadWanted() const {
  const auto file = ReadConfiguration(flags_);
  if (!file) return {std::nullopt, Fail(file), daemon::ServerOptions()};
  return {*file, FindRoles(*app_, flags_, *file), ReadServerOptions(*app_, *file, {})};
}

DoctorReport::Options DoctorCommand::ReportOptions(const Wanted& wanted) const {
  DoctorReport::Options options{.json = json_, .redaction = {}, .names_roles = false};
  options.names_roles = wanted.roles && wanted.roles->roles.size() > 1;
  if (!redact_) return options;
  options.redaction.emplace();
  if (wanted.roles) LearnNames(wanted.roles->roles, *options.redaction);
  return options;
}

Result<ExitStatus> DoctorCommand::Run() const {
  const Wanted wanted = ReadWanted();
  StartLog(wanted.roles ? wanted.roles->process : flags_.given.process);
  DoctorReport report(ReportOptions(wanted));
  const Observer observer{
      .begins = [&](const std::string& subject) { report.Begin(subject); },
      .checked = [&](const doctor::Check& check) { report.Add(check); },
      .identified = [&](const std::string& text) { report.Learn(text); },
  };
  CheckConfiguration(observer, wanted);
  doctor::CheckUser(observer);
  doctor::CheckEnvironment(observer, KnownVariables());
  const bool serves = wanted.file && wanted.file->serve.line > 0;
  doctor::CheckLibraries(observer, serves);
  if (wanted.roles) CheckRoles(observer, *wanted.roles);
  if (wanted.roles && wanted.server && serves) {
    doctor::CheckSharing(observer, wanted.roles->roles, wanted.server->allow_users,
                         wanted.server->token_file);
  }
  if (auto written = report.Finish(); !written) return Fail(std::move(written));
  return report.status();
}

void DoctorCommand::CheckConfiguration(const Observer& observer, const Wanted& wanted) {
  const Topic topic(observer, "configuration");
  if (!wanted.roles) {
    topic.Fail(wanted.roles.error());
    return topic.Skip("keys, certificates and the service are not checked",
                      "correct the configuration first");
  }
  if (!wanted.server) topic.Fail(wanted.server.error());
  const std::string names = Names(wanted.roles->roles);
  topic.Ok(wanted.file ? fmt::format("{}: {}", wanted.file->path, names)
                       : fmt::format("flags alone: {}", names));
  for (const std::string& note : wanted.roles->notes) topic.Ok(note);
}

void DoctorCommand::CheckRoles(const Observer& reporting, const WantedRoles& wanted) const {
  const auto library = StartLibrary(wanted.process, Running::kExamining);
  if (!library) return Topic(reporting, "openssl").Fail(library.error());
  doctor::SpareVerdicts verdicts(reporting, wanted.roles);
  const Observer observer = verdicts.observer();
  std::vector<doctor::ExaminedIdentity> identities = doctor::IdentitiesOf(wanted.roles);
  AnnounceLogin(observer);
  const doctor::Login login{login_ || mint_, login_ || mint_ ? AskAtTerminal : PromptFunction()};
  doctor::CheckDevices(observer, *library, identities);
  for (const doctor::ExaminedIdentity& identity : identities) {
    doctor::CheckSecrets(observer, identity);
  }
  for (std::size_t i = 0; i < identities.size(); ++i) {
    doctor::ExaminedIdentity& identity = identities[i];
    const auto* const other = SentBefore(identity, std::span(identities).first(i));
    if (other == nullptr || !login.is_allowed) {
      doctor::CheckKeyAndCertificate(observer, *library, login, identity);
      continue;
    }
    doctor::About(observer, "key", identity)
        .Skip(
            fmt::format("another PIN was sent to its token, for the role {}", other->roles.front()),
            "give --role NAME to check this one");
  }
  CheckArns(observer, wanted.roles);
  doctor::CheckServices(observer, wanted.roles);
  CheckLogins(observer, *library, wanted, identities, verdicts);
  verdicts.Finish();
}

/// Says beforehand what is sent to devices.
void DoctorCommand::AnnounceLogin(const Observer& observer) const {
  const Topic topic(observer, "login");
  if (!login_ && !mint_) {
    return topic.Skip("no PIN or auth value is sent, and no signature made",
                      "give --login to log in and sign once, or --mint for a session, too");
  }
  topic.Ok(fmt::format("each token is sent its PIN once, and each key makes one signature{}",
                       mint_ ? " for a session of each role" : ""));
}

void DoctorCommand::CheckLogins(const Observer& observer, const LibraryContext& library,
                                const WantedRoles& wanted,
                                const std::vector<doctor::ExaminedIdentity>& identities,
                                const doctor::SpareVerdicts& verdicts) const {
  if (!login_ && !mint_) return;
  for (const doctor::ExaminedIdentity& identity : identities) {
    if (!mint_) doctor::CheckSignature(observer, identity);
  }
  for (const roles::Role& role : wanted.roles) {
    if (mint_)
      doctor::CheckMint(observer, library, role, IdentityOf(*verdicts.InUse(role), identities));
  }
}

}  // namespace credmint::cli
