// SPDX-License-Identifier: Apache-2.0
#include "cli/options/secret_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace credmint::cli {

bool IsSecret(std::string_view name, std::string_view value) {
  if (name == "tpm-key-password" || name == "pkcs8-password") return true;
  return name.ends_with("passin") && value.starts_with("pass:");
}

Result<void> CheckSecrets(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() < 2 || option->get_lnames().empty()) continue;
    const std::vector<std::string>& values = option->results();
    const std::string& name = option->get_lnames().front();
    const bool secret = std::any_of(values.begin(), values.end(), [&](const std::string& value) {
      return IsSecret(name, value);
    });
    const bool same = std::all_of(values.begin(), values.end(), [&](const std::string& value) {
      return value == values.front();
    });
    if (!secret || same) continue;
    return Fail(ErrorCode::kUsage,
                fmt::format("--{} is given more than once, with different values", name),
                "give it once: a wrong secret may use up one of few tries");
  }
  return {};
}

}  // namespace credmint::cli
