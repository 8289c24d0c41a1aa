// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace credmint::cli {

/// What to do about words too many on the command line `arguments`, where a shell has taken the
/// unquoted value of --cert-selector apart at its blanks; empty if that is not what happened.
std::string QuotingHint(std::span<char* const> arguments);

}  // namespace credmint::cli
