// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint::serve {

/// Reads the token that an earlier run left, since programs may still hold it. Returns nothing if
/// the file does not contain a token of `digits` hexadecimal digits. Also returns nothing unless it
/// is a regular file of this user with no permissions for others, who might otherwise know it. The
/// group `reader`, if given, may read it.
std::optional<Secret> ReadTokenFile(const std::string& path, std::size_t digits,
                                    std::optional<gid_t> reader = std::nullopt);

/// Reads a token that root gave, as the volume of a Secret of Kubernetes does. Returns nothing if
/// the file does not contain a token of `digits` hexadecimal digits. It must be a regular file of
/// root. Nobody else may write it, and only the group `reader`, if given, may read it. Follows
/// links, because such a volume consists of them. Returns nothing to root, who can change its
/// files: ReadTokenFile() reads those.
std::optional<Secret> ReadGivenToken(const std::string& path, std::size_t digits,
                                     std::optional<gid_t> reader);

/// Writes a token where clients read it (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE). Only the owner
/// and the group `reader`, if given, can read the file. It has no line end, which botocore would
/// refuse (CONTRACT section 7). An existing file is replaced atomically, but only if it is a
/// regular file of this user with no permissions for others. Fails with kLocalIo.
Result<void> WriteTokenFile(const std::string& path, const Secret& token,
                            std::optional<gid_t> reader = std::nullopt);

}  // namespace credmint::serve
