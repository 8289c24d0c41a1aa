// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/secret.h"

namespace credmint::cli {

/// True if the value of this option (named without dashes) is a secret itself, not the place of
/// one.
bool IsSecret(std::string_view name, std::string_view value);

/// Fails with kUsage if an option is given two different secrets. The last value of an option
/// counts, but a wrong secret may use up one of few tries. Sources of secrets (`file:PATH`) are
/// places, as paths are, and not checked.
Result<void> CheckSecrets(const CLI::App& command);

/// An option that names the source of a secret, and that source; empty if it is not given.
struct SecretSourceOption {
  const char* option;
  std::string source;
};

/// Reads the secret; empty if the option is not given. Fails as SecretSource::Parse() and Read()
/// do.
Result<Secret> ReadSecret(const SecretSourceOption& given);

/// The files that the sources name, which no device needs.
std::vector<std::string> SecretFilesOf(std::span<const SecretSourceOption> given);

/// Fails with kUsage if two sources are the same stream. The sources of two secrets may be the same
/// file, but a descriptor can be read only once.
Result<void> CheckStreamsDiffer(std::span<const SecretSourceOption> given);

}  // namespace credmint::cli
