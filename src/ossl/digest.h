// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "ossl/library_context.h"

namespace credmint {

/// Returns a message's SHA-256 as 64 lower-case hexadecimal digits, as every step of SigV4 needs
/// it. Fails with kInternal if the context has no SHA-256.
Result<std::string> Sha256Hex(const LibraryContext& context, std::string_view message);

}  // namespace credmint
