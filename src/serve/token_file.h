#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint::serve {

/// Writes a token where clients read it (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE), for the owner's
/// eyes alone and without a line's end, which botocore would refuse (CONTRACT section 7). A file
/// that is there is replaced in one step, so that whoever reads it finds a whole token, but only if
/// it is this user's, regular, and closed to all others. Fails with kLocalIo.
Result<void> WriteTokenFile(const std::string& path, const Secret& token);

}  // namespace credmint::serve
