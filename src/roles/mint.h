// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "credentials/credentials.h"
#include "ossl/library_context.h"
#include "roles/environment.h"
#include "roles/role.h"

namespace credmint::roles {

/// Starts OpenSSL with its providers. Not needed for a cached answer.
using StartLibrary = std::function<Result<LibraryContext>()>;

/// Returns a role's credentials once. If the role enables the cache, processes share them
/// (DiskCache), and cached credentials need no key, token or network. Fails like RoleSession and
/// DiskCache.
Result<Credentials> Mint(const Role& role, const StartLibrary& start,
                         const Environment& environment);

}  // namespace credmint::roles
