// SPDX-License-Identifier: Apache-2.0
#include "cli/options/role_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/closest_name.h"
#include "base/shown_value.h"
#include "cli/options/server_flags.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

constexpr std::string_view kIdentity = "identity";
constexpr std::size_t kMostIdentities = 8;

/// The setting that names a role's identities; null if there is none.
const Setting* IdentitySetting(const Configuration& file, const Section& role) {
  const Setting* const own = role.Find(kIdentity);
  return own != nullptr ? own : file.defaults.Find(kIdentity);
}

Result<std::vector<const Section*>> OnlyIdentity(const Configuration& file, const Section& role) {
  if (file.identities.empty()) return std::vector<const Section*>();
  if (file.identities.size() == 1) return std::vector{&file.identities.front()};
  return Fail(
      ErrorCode::kUsage, fmt::format("[role.{}] names no identity", role.name),
      fmt::format("add identity = NAME, one of: {}", fmt::join(NamesOf(file.identities), ", ")));
}

}  // namespace

RoleSettings::RoleSettings() {
  AddProcessFlags(program, options.process);
  AddSandboxFlags(program, options.key);  // for all identities
  AddKeyFlags(identity, options.key);
  AddServiceFlags(session, options.service);
  AddCacheFlag(session, options.cache);
  session.add_option("--identity", identity_names_)->check(PlainText());
  // Settings without a flag: those of `serve` with these names are about all roles.
  AddAllowUsers(session, allow_users);
  AddPlace(session, "--token-file", options.sharing.token_file, "", Place::kPath);
  AddText(session, "--token-group", options.sharing.token_group, "");
}

void RoleSettings::Reset() {
  options = {};
  allow_users.clear();
  identity_names_.clear();
}

IdentityIndex::IdentityIndex(const Configuration& file) : file_(file) {
  for (const Section& identity : file.identities) by_name_.emplace(identity.name, &identity);
}

Result<std::vector<const Section*>> IdentityIndex::Of(const Section& role) const {
  const Setting* const setting = IdentitySetting(file_, role);
  if (setting == nullptr) return OnlyIdentity(file_, role);
  const std::size_t count = setting->values.size();
  if (count == 0) {
    return Fail(ErrorCode::kUsage, fmt::format("[role.{}]: identity is an empty list", role.name),
                "name an identity, or leave the setting out");
  }
  if (count > kMostIdentities) {
    return Fail(ErrorCode::kUsage,
                fmt::format("[role.{}]: identity names {}, and at most {} are possible", role.name,
                            count, kMostIdentities),
                "leave the last ones out");
  }
  std::vector<const Section*> identities;
  for (const std::string& name : setting->values) {
    auto identity = Find(role, name);
    if (!identity) return Fail(std::move(identity));
    if (std::find(identities.begin(), identities.end(), *identity) != identities.end()) {
      return Fail(
          ErrorCode::kUsage,
          fmt::format("[role.{}]: identity names {} twice", role.name, ShownSectionName(name)),
          "name each once");
    }
    identities.push_back(*identity);
  }
  return identities;
}

Result<const Section*> IdentityIndex::Find(const Section& role, const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  return Fail(
      ErrorCode::kUsage,
      fmt::format("[role.{}]: there is no [identity.{}]", role.name, ShownSectionName(name)),
      file_.identities.empty() ? "" : DidYouMean(name, NamesOf(file_.identities)));
}

int LineOfIdentities(const Configuration& file, const Section& role) {
  const Setting* const setting = IdentitySetting(file, role);
  return setting != nullptr ? setting->line : role.line;
}

std::vector<std::string_view> NamesOf(const std::vector<Section>& sections) {
  std::vector<std::string_view> names;
  names.reserve(sections.size());
  for (const Section& section : sections) names.push_back(section.name);
  return names;
}

std::string ShownSectionName(const std::string& name) {
  return DescribeUnshown(name).empty() ? name : "NAME";
}

}  // namespace credmint::cli
