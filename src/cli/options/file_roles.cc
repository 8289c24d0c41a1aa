// SPDX-License-Identifier: Apache-2.0
#include "cli/options/file_roles.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <optional>
#include <utility>

#include "base/closest_name.h"
#include "cli/options/role_settings.h"
#include "cli/options/settings.h"

namespace credmint::cli {
namespace {

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

/// Makes one role after the other in the same RoleSettings, which take long to construct.
class RoleMaker {
 public:
  RoleMaker(const CLI::App& command, const Configuration& file) : command_(command), file_(file) {}

  Result<void> CheckFile();
  Result<FileRole> Make(const Section& role);

 private:
  Result<void> Check(const Section& section, CLI::App& options);
  Result<void> CheckRole(const Section& role);
  Result<std::vector<const Section*>> IdentitiesOf(const Section& role);
  Result<std::vector<FileSpare>> MakeSpares(const std::vector<const Section*>& identities);
  Result<FileSpare> MakeSpare(const Section& identity);

  const CLI::App& command_;
  const Configuration& file_;
  IdentityIndex identities_{file_};
  RoleSettings settings_;
};

/// Checks unused identities as well: a role may use them one day.
Result<void> RoleMaker::CheckFile() {
  for (const Section& identity : file_.identities) {
    if (auto checked = Check(identity, settings_.identity); !checked) return checked;
  }
  auto checked = Check(file_.program, settings_.program);
  if (checked) checked = Check(file_.defaults, settings_.session);
  for (const Section& role : file_.roles) {
    if (!checked) return checked;
    checked = CheckRole(role);
  }
  return checked;
}

Result<void> RoleMaker::Check(const Section& section, CLI::App& options) {
  settings_.Reset();
  return ApplySettings(file_, section, options);
}

Result<void> RoleMaker::CheckRole(const Section& role) {
  if (auto checked = Check(role, settings_.session); !checked) return checked;
  const auto identities = IdentitiesOf(role);
  if (!identities) return Fail(identities);
  return {};
}

Result<std::vector<const Section*>> RoleMaker::IdentitiesOf(const Section& role) {
  auto identities = identities_.Of(role);
  if (!identities) return Fail(std::move(identities), file_.At(LineOfIdentities(file_, role)));
  return identities;
}

Result<FileRole> RoleMaker::Make(const Section& role) {
  settings_.Reset();
  auto applied = ApplySettings(file_, file_.program, settings_.program);
  if (applied) applied = ApplySettings(file_, file_.defaults, settings_.session);
  if (applied) applied = ApplySettings(file_, role, settings_.session);
  if (!applied) return Fail(std::move(applied));
  const auto identities = IdentitiesOf(role);
  if (!identities) return Fail(identities);
  const Section* const identity = identities->empty() ? nullptr : identities->front();
  if (identity != nullptr) applied = ApplySettings(file_, *identity, settings_.identity);
  if (!applied) return Fail(std::move(applied));
  roles::Sharing sharing = settings_.options.sharing;
  sharing.allow_users = AllowedUsersOf(file_, role, settings_.allow_users);
  for (CLI::App* options : {&settings_.program, &settings_.identity, &settings_.session}) {
    ApplyFlags(command_, *options);
  }
  settings_.options.sharing = std::move(sharing);  // the flags of these names are the server's
  FileRole made{settings_.options, &role, identity};
  auto spares = MakeSpares(*identities);
  if (!spares) return Fail(std::move(spares));
  made.spares = *std::move(spares);
  return made;
}

/// A flag about the key is meant for one key, and its PIN for one token. So there are then no
/// spares.
Result<std::vector<FileSpare>> RoleMaker::MakeSpares(
    const std::vector<const Section*>& identities) {
  std::vector<FileSpare> spares;
  if (identities.size() < 2 || IsAnyTyped(command_, settings_.identity)) return spares;
  for (std::size_t i = 1; i < identities.size(); ++i) {
    auto spare = MakeSpare(*identities[i]);
    if (!spare) return Fail(std::move(spare));
    spares.push_back(*std::move(spare));
  }
  return spares;
}

Result<FileSpare> RoleMaker::MakeSpare(const Section& identity) {
  settings_.Reset();
  auto applied = ApplySettings(file_, file_.program, settings_.program);
  if (applied) applied = ApplySettings(file_, identity, settings_.identity);
  if (!applied) return Fail(std::move(applied));
  return FileSpare{settings_.options.key, &identity};
}

Result<const Section*> FindRoleSection(const Configuration& file, const std::string& name) {
  const auto found = std::find_if(file.roles.begin(), file.roles.end(),
                                  [&](const Section& role) { return role.name == name; });
  if (found != file.roles.end()) return &*found;
  return Fail(ErrorCode::kUsage,
              fmt::format("--role: there is no [role.{}] in {}", ShownSectionName(name), file.path),
              DidYouMean(name, NamesOf(file.roles)));
}

Result<std::vector<const Section*>> Choose(const Configuration& file,
                                           const std::vector<std::string>& names) {
  std::vector<const Section*> chosen;
  if (names.empty()) {
    for (const Section& role : file.roles) chosen.push_back(&role);
  }
  for (const std::string& name : names) {
    auto role = FindRoleSection(file, name);
    if (!role) return Fail(std::move(role));
    if (std::find(chosen.begin(), chosen.end(), *role) == chosen.end()) chosen.push_back(*role);
  }
  return chosen;
}

}  // namespace

Result<std::vector<FileRole>> FindFileRoles(const CLI::App& command, const Configuration& file,
                                            const std::vector<std::string>& names) {
  if (file.roles.empty()) {
    return Fail(ErrorCode::kUsage, fmt::format("{}: it defines no role", file.path),
                "add a [role.NAME] section");
  }
  RoleMaker maker(command, file);
  if (auto checked = maker.CheckFile(); !checked) return Fail(std::move(checked));
  const auto chosen = Choose(file, names);
  if (!chosen) return Fail(chosen);
  std::vector<FileRole> roles;
  for (const Section* const section : *chosen) {
    auto role = maker.Make(*section);
    if (!role) return Fail(std::move(role));
    roles.push_back(*std::move(role));
  }
  return roles;
}

}  // namespace credmint::cli
