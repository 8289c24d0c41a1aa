// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "credentials/credentials.h"
#include "ossl/library_context.h"
#include "roles/environment.h"
#include "roles/role.h"

namespace credmint::roles {

/// Starts OpenSSL with its providers: what a cached answer does without.
using StartLibrary = std::function<Result<LibraryContext>()>;

/// A role's credentials, once. If the role says so, processes share them (DiskCache): credentials
/// from there take no key, no token and no network. Fails as RoleSession and DiskCache.
Result<Credentials> Mint(const Role& role, const StartLibrary& start,
                         const Environment& environment);

}  // namespace credmint::roles
