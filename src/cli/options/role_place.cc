// SPDX-License-Identifier: Apache-2.0
#include "cli/options/role_place.h"

#include <fmt/format.h>

namespace credmint::cli {
namespace {

bool IsTyped(const CLI::App& command, std::string_view setting) {
  const CLI::Option* option = command.get_option_no_throw(fmt::format("--{}", setting));
  return option != nullptr && !option->empty();
}

}  // namespace

std::string RolePlace::Of(std::span<const std::string_view> settings) const {
  const std::string role = fmt::format("[role.{}]", role_.name);
  bool typed = false;
  for (const std::string_view setting : settings) {
    if (IsTyped(command_, setting)) {
      typed = true;
    } else if (const Setting* found = Find(setting)) {
      return fmt::format("{}: {}", file_.At(found->line), role);
    }
  }
  return typed ? "" : fmt::format("{}: {}", file_.At(role_.line), role);
}

std::string RolePlace::Source(std::string_view setting) const {
  const std::string place = Of({&setting, 1});
  return fmt::format("{}{}--{}", place, place.empty() ? "" : ": ", setting);
}

/// Searches the sections in order of precedence.
const Setting* RolePlace::Find(std::string_view setting) const {
  for (const Section* section : {&role_, &file_.defaults, identity_, &file_.program}) {
    if (section == nullptr) continue;
    if (const Setting* found = section->Find(setting)) return found;
  }
  return nullptr;
}

}  // namespace credmint::cli
