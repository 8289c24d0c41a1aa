// SPDX-License-Identifier: Apache-2.0
#include "cli/options/role_options.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <string_view>

#include "base/closest_name.h"
#include "base/log.h"
#include "base/shown_value.h"
#include "cli/options/aws_settings.h"
#include "cli/options/hidden_places.h"
#include "cli/options/option_groups.h"
#include "cli/options/role_place.h"
#include "cli/options/server_flags.h"
#include "cli/options/settings.h"
#include "cli/options/text_option.h"
#include "cli/output/role_reports.h"
#include "config/configuration_file.h"

namespace credmint::cli {
namespace {

constexpr const char* kPlaces =
    "write ~/.config/credmint/config.toml (below $XDG_CONFIG_HOME, if that is set) or "
    "/etc/credmint/config.toml, or name another with --config FILE";

/// A role of the configuration file: its options, and the sections that they come from.
struct FileRole {
  RoleOptions options;
  const Section* role = nullptr;
  const Section* identity = nullptr;  ///< null: none
};

/// The options of one role, grouped by the sections of the file that may set them.
struct RoleSettings {
  RoleSettings() {
    AddProcessFlags(program, options.process);
    AddSandboxFlags(program, options.key);  // for all identities
    AddKeyFlags(identity, options.key);
    AddServiceFlags(session, options.service);
    AddCacheFlag(session, options.cache);
    AddText(session, "--identity", identity_name, "");
    AddSharing();
  }

  /// Settings without a flag: those of `serve` with these names are about all roles.
  void AddSharing() {
    AddAllowUsers(session, allow_users);
    AddPlace(session, "--token-file", options.sharing.token_file, "", Place::kPath);
    AddText(session, "--token-group", options.sharing.token_group, "");
  }

  CLI::App program;
  CLI::App identity;
  CLI::App session;
  RoleOptions options;
  std::string identity_name;
  std::vector<std::string> allow_users;
};

/// The name of a section as messages show it in its brackets.
std::string ShownName(const std::string& name) {
  return DescribeUnshown(name).empty() ? name : "NAME";
}

bool IsGiven(const RoleOptions& given) {
  const SessionParameters& session = given.service.session;
  return !given.key.certificate.empty() || !given.key.private_key.empty() ||
         !given.key.system_store_name.empty() || !session.role_arn.empty() ||
         !session.profile_arn.empty() || !session.trust_anchor_arn.empty();
}

std::vector<std::string_view> NamesOf(const std::vector<Section>& sections) {
  std::vector<std::string_view> names;
  names.reserve(sections.size());
  for (const Section& section : sections) names.push_back(section.name);
  return names;
}

const Section* FindSection(const std::vector<Section>& sections, std::string_view name) {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const Section& section) { return section.name == name; });
  return found != sections.end() ? &*found : nullptr;
}

/// The identity that the role names, or the only one of the file. Null if the file has none; flags
/// must then name the key.
Result<const Section*> FindIdentity(const Configuration& file, const Section& role,
                                    const std::string& name) {
  if (name.empty()) {
    if (file.identities.size() == 1) return &file.identities.front();
    if (file.identities.empty()) return nullptr;
    return Fail(
        ErrorCode::kUsage,
        fmt::format("{}: [role.{}] names no identity", file.At(role.line), role.name),
        fmt::format("add identity = NAME, one of: {}", fmt::join(NamesOf(file.identities), ", ")));
  }
  const Section* identity = FindSection(file.identities, name);
  if (identity != nullptr) return identity;
  return Fail(ErrorCode::kUsage,
              fmt::format("{}: [role.{}]: there is no [identity.{}]", file.At(role.line), role.name,
                          ShownName(name)),
              file.identities.empty() ? "" : DidYouMean(name, NamesOf(file.identities)));
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

Result<FileRole> MakeRole(const CLI::App& command, const Configuration& file, const Section& role) {
  RoleSettings settings;
  auto applied = ApplySettings(file, file.program, settings.program);
  if (applied) applied = ApplySettings(file, file.defaults, settings.session);
  if (applied) applied = ApplySettings(file, role, settings.session);
  if (!applied) return Fail(std::move(applied));
  const auto identity = FindIdentity(file, role, settings.identity_name);
  if (!identity) return tl::unexpected(identity.error());
  if (*identity != nullptr) applied = ApplySettings(file, **identity, settings.identity);
  if (!applied) return Fail(std::move(applied));
  settings.options.sharing.allow_users = AllowedUsersOf(file, role, settings.allow_users);
  const roles::Sharing sharing = settings.options.sharing;
  for (CLI::App* options : {&settings.program, &settings.identity, &settings.session}) {
    ApplyFlags(command, *options);
  }
  settings.options.sharing = sharing;
  return FileRole{settings.options, &role, *identity};
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
      return Fail(ErrorCode::kUsage,
                  fmt::format("--role: there is no [role.{}] in {}", ShownName(name), file.path),
                  DidYouMean(name, NamesOf(file.roles)));
    }
    const auto is_same = [&](const FileRole& role) { return role.role->name == name; };
    if (std::none_of(chosen.begin(), chosen.end(), is_same)) chosen.push_back(*found);
  }
  return chosen;
}

Parsed<roles::Role> ParseRole(const RoleOptions& options, std::string name) {
  auto identity = ParseIdentity(options.key);
  if (!identity) return tl::unexpected(std::move(identity).error());
  auto session = ParseSession(options.service);
  if (!session) return tl::unexpected(std::move(session).error());
  if (auto given = CheckCertificateIsGiven(**identity); !given) return Refuse(std::move(given));
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
    for (std::string& file : SecretFilesOf(*role.identity)) {
      wanted.process.secret_files.push_back(std::move(file));
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
                    kPlaces));
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

/// Parses a role of the file and adds it.
Result<void> AddRole(const CLI::App& command, const Configuration& file, FileRole& role,
                     WantedRoles& wanted) {
  const RolePlace place(command, file, *role.role, role.identity);
  ServiceOptions& service = role.options.service;
  if (auto added = AddAwsSettings(service); !added) return added;
  auto parsed = ParseRole(role.options, role.role->name);
  if (!parsed) {
    const std::string at = place.Of(parsed.error().options);
    Error error = std::move(parsed).error().error;
    return tl::unexpected(at.empty() ? std::move(error) : std::move(error).In(at));
  }
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
    return Fail(ErrorCode::kUsage, "--role: there is no configuration file", kPlaces);
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
