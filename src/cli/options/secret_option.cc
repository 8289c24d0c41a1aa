// SPDX-License-Identifier: Apache-2.0
#include "cli/options/secret_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "identity/secret_source.h"

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

Result<Secret> ReadSecret(const SecretSourceOption& given) {
  if (given.source.empty()) return Secret();
  const auto source = SecretSource::Parse(given.source);
  if (!source) return Fail(Error(source.error()).In(given.option));
  auto secret = source->Read();
  if (!secret) return Fail(std::move(secret), given.option);
  return secret;
}

std::vector<std::string> SecretFilesOf(std::span<const SecretSourceOption> given) {
  std::vector<std::string> files;
  for (const SecretSourceOption& one : given) {
    const auto source = SecretSource::Parse(one.source);
    if (source && source->file()) files.push_back(*source->file());
  }
  return files;
}

Result<void> CheckStreamsDiffer(std::span<const SecretSourceOption> given) {
  const auto stream = [](const SecretSourceOption& one) -> std::optional<int> {
    const auto source = SecretSource::Parse(one.source);
    return source ? source->descriptor() : std::nullopt;
  };
  for (std::size_t i = 0; i < given.size(); ++i) {
    for (std::size_t j = i + 1; j < given.size(); ++j) {
      if (!stream(given[i]) || stream(given[i]) != stream(given[j])) continue;
      return Fail(ErrorCode::kUsage,
                  fmt::format("{} and {} read the same stream", given[i].option, given[j].option),
                  "give one of them through another descriptor, fd:N, or in a file, file:PATH");
    }
  }
  return {};
}

}  // namespace credmint::cli
