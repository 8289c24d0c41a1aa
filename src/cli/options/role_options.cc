// SPDX-License-Identifier: Apache-2.0
#include "cli/options/role_options.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <string_view>

#include "base/closest_name.h"
#include "base/log.h"
#include "cli/options/aws_settings.h"
#include "cli/options/hidden_places.h"
#include "cli/options/option_groups.h"
#include "cli/options/role_place.h"
#include "cli/options/role_settings.h"
#include "cli/options/settings.h"
#include "cli/options/text_option.h"
#include "cli/output/role_reports.h"
#include "config/configuration_file.h"

namespace credmint::cli {
namespace {

/// A further identity of a role.
struct FileSpare {
  KeyOptions key;
  const Section* identity;
};

/// A role of the configuration file: its options, and the sections that they come from.
struct FileRole {
  RoleOptions options;
  const Section* role = nullptr;
  const Section* identity = nullptr;  ///< null: none
  std::vector<FileSpare> spares = {};
};

bool IsGiven(const RoleOptions& given) {
  const SessionParameters& session = given.service.session;
  return !given.key.certificate.empty() || !given.key.private_key.empty() ||
         !given.key.system_store_name.empty() || !session.role_arn.empty() ||
         !session.profile_arn.empty() || !session.trust_anchor_arn.empty();
}

/// Returns nothing if neither the role nor [defaults] says who may have it. An empty list allows
/// nobody else.
std::optional<std::vector<std::string>> AllowedUsersOf(const Configuration& file,
                                                       const Section& role,
                                                       std::vector<std::string> users) {
  const Setting* own = role.Find("allow-users");
  if (own == nullptr && file.defaults.Find("allow-users") == nullptr) return std::nullopt;
  if (own != nullptr && own->values.empty()) return std::vector<std::string>();
  return users;
}

Result<FileSpare> MakeSpare(const Configuration& file, const Section& identity) {
  RoleSettings settings;
  auto applied = ApplySettings(file, file.program, settings.program);
  if (applied) applied = ApplySettings(file, identity, settings.identity);
  if (!applied) return Fail(std::move(applied));
  return FileSpare{settings.options.key, &identity};
}

/// A flag about the key is meant for one key, and its PIN for one token. So there are then no
/// spares.
Result<std::vector<FileSpare>> MakeSpares(const CLI::App& command, const Configuration& file,
                                          const std::vector<const Section*>& identities,
                                          const CLI::App& identity_options) {
  std::vector<FileSpare> spares;
  if (IsAnyTyped(command, identity_options)) return spares;
  for (std::size_t i = 1; i < identities.size(); ++i) {
    auto spare = MakeSpare(file, *identities[i]);
    if (!spare) return Fail(std::move(spare));
    spares.push_back(*std::move(spare));
  }
  return spares;
}

Result<FileRole> MakeRole(const CLI::App& command, const Configuration& file, const Section& role) {
  RoleSettings settings;
  auto applied = ApplySettings(file, file.program, settings.program);
  if (applied) applied = ApplySettings(file, file.defaults, settings.session);
  if (applied) applied = ApplySettings(file, role, settings.session);
  if (!applied) return Fail(std::move(applied));
  const auto identities = FindIdentities(file, role, settings.identity_names);
  if (!identities) return Fail(identities, file.At(LineOfIdentities(file, role)));
  const Section* const identity = identities->empty() ? nullptr : identities->front();
  if (identity != nullptr) applied = ApplySettings(file, *identity, settings.identity);
  if (!applied) return Fail(std::move(applied));
  auto spares = MakeSpares(command, file, *identities, settings.identity);
  if (!spares) return Fail(std::move(spares));
  settings.options.sharing.allow_users = AllowedUsersOf(file, role, settings.allow_users);
  const roles::Sharing sharing = settings.options.sharing;
  for (CLI::App* options : {&settings.program, &settings.identity, &settings.session}) {
    ApplyFlags(command, *options);
  }
  settings.options.sharing = sharing;
  return FileRole{settings.options, &role, identity, *std::move(spares)};
}

/// Checks unused identities as well: a role may use them one day.
Result<void> CheckIdentities(const Configuration& file) {
  for (const Section& identity : file.identities) {
    RoleSettings settings;
    if (auto applied = ApplySettings(file, identity, settings.identity); !applied) return applied;
  }
  return {};
}

Result<std::vector<FileRole>> MakeRoles(const CLI::App& command, const Configuration& file) {
  if (file.roles.empty()) {
    return Fail(ErrorCode::kUsage, fmt::format("{}: it defines no role", file.path),
                "add a [role.NAME] section");
  }
  if (auto checked = CheckIdentities(file); !checked) return Fail(std::move(checked));
  std::vector<FileRole> roles;
  for (const Section& section : file.roles) {
    auto role = MakeRole(command, file, section);
    if (!role) return Fail(std::move(role));
    roles.push_back(*std::move(role));
  }
  return roles;
}

std::string ChooseOne(const Configuration& file) {
  return fmt::format("choose one with --role NAME: {}", fmt::join(NamesOf(file.roles), ", "));
}

Result<std::vector<FileRole>> Choose(std::vector<FileRole> roles, const RoleFlags& flags,
                                     const Configuration& file) {
  if (flags.roles.empty()) return roles;
  std::vector<FileRole> chosen;
  for (const std::string& name : flags.roles) {
    const auto found = std::find_if(roles.begin(), roles.end(),
                                    [&](const FileRole& role) { return role.role->name == name; });
    if (found == roles.end()) {
      return Fail(
          ErrorCode::kUsage,
          fmt::format("--role: there is no [role.{}] in {}", ShownSectionName(name), file.path),
          DidYouMean(name, NamesOf(file.roles)));
    }
    const auto is_same = [&](const FileRole& role) { return role.role->name == name; };
    if (std::none_of(chosen.begin(), chosen.end(), is_same)) chosen.push_back(*found);
  }
  return chosen;
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
  auto chosen = MakeRoles(command, *file);
  if (chosen) chosen = Choose(*std::move(chosen), flags, *file);
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
