// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::cli {

/// Adds --nonce, the random number of a verifier.
void AddNonce(CLI::App& command, std::string& nonce);

/// Parses it: 16 to 32 bytes in hexadecimal. Fails with kUsage, also if it is missing.
Result<Bytes> ParseNonce(const std::string& nonce);

}  // namespace credmint::cli
