// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "ossl/library_context.h"

namespace credmint {

/// SHA-256 of a message as 64 lower-case hexadecimal digits, the form every step of SigV4 uses.
/// Fails with kInternal if the context has no SHA-256.
Result<std::string> Sha256Hex(const LibraryContext& context, std::string_view message);

}  // namespace credmint
