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

const Section* FindSection(const std::vector<Section>& sections, std::string_view name) {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const Section& section) { return section.name == name; });
  return found != sections.end() ? &*found : nullptr;
}

}  // namespace

RoleSettings::RoleSettings() {
  AddProcessFlags(program, options.process);
  AddSandboxFlags(program, options.key);  // for all identities
  AddKeyFlags(identity, options.key);
  AddServiceFlags(session, options.service);
  AddCacheFlag(session, options.cache);
  AddText(session, "--identity", identity_name, "");
  // Settings without a flag: those of `serve` with these names are about all roles.
  AddAllowUsers(session, allow_users);
  AddPlace(session, "--token-file", options.sharing.token_file, "", Place::kPath);
  AddText(session, "--token-group", options.sharing.token_group, "");
}

Result<const Section*> FindIdentity(const Configuration& file, const Section& role,
                                    const std::string& name) {
  if (name.empty()) {
    if (file.identities.size() == 1) return &file.identities.front();
    if (file.identities.empty()) return nullptr;
    return Fail(
        ErrorCode::kUsage, fmt::format("[role.{}] names no identity", role.name),
        fmt::format("add identity = NAME, one of: {}", fmt::join(NamesOf(file.identities), ", ")));
  }
  const Section* identity = FindSection(file.identities, name);
  if (identity != nullptr) return identity;
  return Fail(
      ErrorCode::kUsage,
      fmt::format("[role.{}]: there is no [identity.{}]", role.name, ShownSectionName(name)),
      file.identities.empty() ? "" : DidYouMean(name, NamesOf(file.identities)));
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
