// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace credmint::cli {

/// The hint for a command line `arguments` in which a shell has split an unquoted value of
/// --cert-selector at its blanks; empty for any other.
std::string QuotingHint(std::span<char* const> arguments);

}  // namespace credmint::cli
