// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint::serve {

/// The token of that many hexadecimal digits that an earlier run has left, which programs may hold
/// still. Nothing if what is there is anything else, or not a regular file of this user that is
/// closed to all others: somebody else may then know it.
std::optional<Secret> ReadTokenFile(const std::string& path, std::size_t digits);

/// Writes a token where clients read it (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE), for the owner's
/// eyes alone and without a line's end, which botocore would refuse (CONTRACT section 7). A file
/// that is there is replaced in one step, so that whoever reads it finds a whole token, but only if
/// it is this user's, regular, and closed to all others. Fails with kLocalIo.
Result<void> WriteTokenFile(const std::string& path, const Secret& token);

}  // namespace credmint::serve
