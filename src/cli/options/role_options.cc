// SPDX-License-Identifier: Apache-2.0
#include "cli/options/role_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "cli/options/aws_settings.h"
#include "cli/options/file_roles.h"
#include "cli/options/hidden_places.h"
#include "cli/options/option_groups.h"
#include "cli/options/role_place.h"
#include "cli/options/role_settings.h"
#include "cli/options/text_option.h"
#include "cli/output/role_reports.h"
#include "config/configuration_file.h"

namespace credmint::cli {
namespace {

bool IsGiven(const RoleOptions& given) {
  const SessionParameters& session = given.service.session;
  return !given.key.certificate.empty() || !given.key.private_key.empty() ||
         !given.key.system_store_name.empty() || !session.role_arn.empty() ||
         !session.profile_arn.empty() || !session.trust_anchor_arn.empty();
}

std::string ChooseOne(const Configuration& file) {
  return fmt::format("choose one with --role NAME: {}", fmt::join(NamesOf(file.roles), ", "));
}

Parsed<std::shared_ptr<const IdentitySpec>> WithCertificate(
    Parsed<std::shared_ptr<const IdentitySpec>> identity) {
  if (!identity) return identity;
  auto given = CheckCertificateIsGiven(**identity);
  if (given) return identity;
  return tl::unexpected(Refusals{{std::move(given).error(), {}}});
}

Parsed<roles::Role> ParseRole(const RoleOptions& options, std::string name) {
  auto identity = ParseIdentity(options.key);
  if (!identity) return tl::unexpected(std::move(identity).error());
  auto session = ParseSession(options.service);
  if (!session) return tl::unexpected(std::move(session).error());
  identity = WithCertificate(std::move(identity));
  if (!identity) return tl::unexpected(std::move(identity).error());
  return roles::Role{std::move(name), *std::move(identity),    *std::move(session),
                     options.cache,   options.service.origins, options.sharing};
}

/// Makes messages about a bad endpoint or CA bundle name file and line, if the file sets these.
void NameLines(const RolePlace& place, roles::Origins& origins) {
  const roles::Origins flags = ServiceOptions().origins;
  if (origins.endpoint == flags.endpoint) origins.endpoint = place.Source("endpoint");
  if (origins.ca_bundle == flags.ca_bundle) origins.ca_bundle = place.Source("ca-bundle");
}

/// Adds notes that are not there yet; several roles may have the same ones.
void AddNotes(std::vector<std::string>& notes, const std::vector<std::string>& added) {
  for (const std::string& note : added) {
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
}

void NoteSecretFiles(WantedRoles& wanted) {
  for (const roles::Role& role : wanted.roles) {
    for (const roles::NamedIdentity& identity : roles::IdentitiesOf(role)) {
      for (std::string& file : SecretFilesOf(*identity.spec)) {
        wanted.process.secret_files.push_back(std::move(file));
      }
    }
    for (const std::string& file : {role.sharing.token_file, role.session.transport.ca_bundle}) {
      wanted.process.secret_files.push_back(file);
    }
  }
}

Result<WantedRoles> RoleOfFlags(const RoleFlags& flags) {
  if (!IsGiven(flags.given)) {
    return Fail(
        ErrorCode::kUsage, "no option names a key and a role, and there is no configuration file",
        fmt::format("give --certificate, --trust-anchor-arn, --profile-arn and --role-arn, or {}",
                    kConfigurationPlaces));
  }
  RoleOptions options = flags.given;
  if (auto added = AddAwsSettings(options.service); !added) return Fail(std::move(added));
  auto role = WithoutPlace(ParseRole(options, ""));
  if (!role) return Fail(std::move(role));
  WantedRoles wanted{.roles = {}, .process = options.process, .notes = options.service.notes};
  wanted.roles.push_back(*std::move(role));
  NoteSecretFiles(wanted);
  return wanted;
}

/// The refusal with its place in the file.
tl::unexpected<Error> Placed(const RolePlace& place, Refusals refusals) {
  Refusal refusal = std::move(refusals.front());
  const std::string at = place.Of(refusal.options);
  Error error = std::move(refusal).error;
  return tl::unexpected(at.empty() ? std::move(error) : std::move(error).In(at));
}

Result<void> AddSpares(const CLI::App& command, const Configuration& file, const FileRole& from,
                       roles::Role& role) {
  if (from.identity != nullptr) role.identity_name = from.identity->name;
  for (const FileSpare& spare : from.spares) {
    const RolePlace place(command, file, *from.role, spare.identity);
    auto identity = WithCertificate(ParseIdentity(spare.key));
    if (!identity) return Placed(place, std::move(identity).error());
    role.spares.push_back({spare.identity->name, *std::move(identity)});
  }
  return {};
}

/// Parses a role of the file and adds it.
Result<void> AddRole(const CLI::App& command, const Configuration& file, FileRole& role,
                     WantedRoles& wanted) {
  const RolePlace place(command, file, *role.role, role.identity);
  ServiceOptions& service = role.options.service;
  if (auto added = AddAwsSettings(service); !added) return added;
  auto parsed = ParseRole(role.options, role.role->name);
  if (!parsed) return Placed(place, std::move(parsed).error());
  if (auto added = AddSpares(command, file, role, *parsed); !added) return added;
  NameLines(place, parsed->origins);
  AddNotes(wanted.notes, service.notes);
  wanted.process = role.options.process;
  wanted.roles.push_back(*std::move(parsed));
  return {};
}

}  // namespace

void AddCacheFlag(CLI::App& command, bool& cache) {
  command
      .add_flag("--cache", cache,
                "Share the credentials with later runs, in a private file below $XDG_RUNTIME_DIR "
                "or $RUNTIME_DIRECTORY")
      ->group(kSessionGroup);
}

void AddRoleFlags(CLI::App& command, RoleFlags& flags) {
  AddPlace(command, "--config", flags.config,
           "Configuration file (default: ~/.config/credmint/config.toml, else "
           "/etc/credmint/config.toml)",
           Place::kPath)
      ->group(kConfigurationGroup);
  command
      .add_option(
          "--role", flags.roles,
          "Role of the configuration file (default: the only one; for serve all; repeatable there)")
      ->check(PlainText())
      ->option_text(kRoleValue)
      ->group(kConfigurationGroup);
  AddKeyFlags(command, flags.given.key);
  AddServiceFlags(command, flags.given.service);
  AddProcessFlags(command, flags.given.process);
}

Result<std::optional<Configuration>> ReadConfiguration(const RoleFlags& flags) {
  std::optional<std::string> path;
  if (!flags.config.empty()) {
    path = flags.config;
  } else if (!flags.roles.empty() || !IsGiven(flags.given)) {
    path = FindConfigurationFile();
  }
  if (!path && !flags.roles.empty()) {
    return Fail(ErrorCode::kUsage, "--role: there is no configuration file", kConfigurationPlaces);
  }
  if (!path) return std::nullopt;
  auto file = ReadConfigurationFile(*path);
  if (!file) return Fail(std::move(file));
  return *std::move(file);
}

void WantedRoles::Log() const {
  for (const std::string& note : notes) LogDebug(note);
  for (const roles::Role& role : roles) LogUnverified(role);
}

Result<WantedRoles> FindRoles(const CLI::App& command, const RoleFlags& flags,
                              const std::optional<Configuration>& file, HowMany how_many) {
  if (!file) return RoleOfFlags(flags);
  auto chosen = FindFileRoles(command, *file, flags.roles);
  if (!chosen) return Fail(std::move(chosen));
  if (chosen->size() > 1 && !flags.given.service.session.role_arn.empty()) {
    return Fail(ErrorCode::kUsage, "--role-arn is for one role, and several are possible",
                ChooseOne(*file));
  }
  if (chosen->size() > 1 && how_many == HowMany::kOne) {
    return Fail(ErrorCode::kUsage, "several roles are possible", ChooseOne(*file));
  }
  WantedRoles wanted;
  for (FileRole& role : *chosen) {
    if (auto added = AddRole(command, *file, role, wanted); !added) return Fail(std::move(added));
  }
  NoteSecretFiles(wanted);
  wanted.process.secret_files.push_back(file->path);
  return wanted;
}

Result<WantedRoles> FindRole(const CLI::App& command, const RoleFlags& flags) {
  const auto file = ReadConfiguration(flags);
  if (!file) return tl::unexpected(file.error());
  return FindRoles(command, flags, *file, HowMany::kOne);
}

}  // namespace credmint::cli
