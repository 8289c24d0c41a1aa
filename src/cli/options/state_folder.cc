// SPDX-License-Identifier: Apache-2.0
#include "cli/options/state_folder.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>

#include "base/shown_value.h"
#include "cli/options/hidden_places.h"

namespace credmint::cli {
namespace {

constexpr const char* kOfSystemd = "STATE_DIRECTORY";
constexpr const char* kOfUser = "XDG_STATE_HOME";

std::string VariableText(const char* variable) {
  const char* const value = getenv(variable);
  return value == nullptr ? "" : value;
}

Result<std::string> Absolute(std::string path, const char* variable) {
  if (path.starts_with('/')) return path;
  return Fail(ErrorCode::kLocalIo,
              fmt::format("{} is not an absolute path: {}", variable, ShownPath(path)));
}

}  // namespace

Result<std::string> StateFolder() {
  std::string folder = VariableText(kOfSystemd);
  folder.erase(std::min(folder.find(':'), folder.size()));  // there may be several
  if (!folder.empty()) return Absolute(std::move(folder), kOfSystemd);
  const std::string of_user = VariableText(kOfUser);
  if (!of_user.empty()) return Absolute(of_user + "/credmint", kOfUser);
  return Absolute(HomeFolder() + "/.local/state/credmint", "HOME");
}

}  // namespace credmint::cli
