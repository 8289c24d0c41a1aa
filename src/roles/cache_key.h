// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/error.h"
#include "credentials/cache/disk_cache.h"
#include "identity/identity_spec.h"
#include "roles/role.h"
#include "roles/session_spec.h"

namespace credmint::roles {

/// Returns the key under which a role's credentials are cached: a SHA-256 over everything that
/// affects them. Computing it uses no token, TPM or network, and does not load libcurl: an endpoint
/// is represented by its text.
///
/// All members that distinguish two specs (see their operator==) are included, except for:
///
/// - PINs, passphrases and the policy key, which a reader of the entry does not need.
/// - The intermediates, which only help the service.
/// - The timeout.
///
/// A certificate file is represented by its contents, so a renewed certificate causes a miss. The
/// same holds for a certificate from a variable or a stream, whose text is kept for a mint that may
/// follow. An object on a token or in a TPM is represented by its reference. A certificate replaced
/// there is noticed when the entry is no longer fresh. The private key is also represented by its
/// reference, because it must match the certificate anyway.
///
/// The identities of a role count in their order. A spare whose certificate cannot be read counts
/// as that, and does not keep the others from being used.
///
/// Fails with kUsage if there is no certificate, or if its file can be read only once (a pipe).
/// Fails with kLocalIo if the file cannot be read.
Result<CacheKey> MakeCacheKey(const IdentitySpec& identity, const SessionSpec& session,
                              std::span<const NamedIdentity> spares = {});

}  // namespace credmint::roles
