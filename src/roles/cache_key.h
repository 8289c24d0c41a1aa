// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "credentials/cache/disk_cache.h"
#include "identity/identity_spec.h"
#include "roles/session_spec.h"

namespace credmint::roles {

/// The name under which the credentials are kept that a role leads to: a SHA-256 over everything
/// that changes them, without touching a token, a TPM or the network, and without loading libcurl:
/// an endpoint counts by its text.
///
/// Of what makes two specs differ (their operator==) only this does not count: PINs, passphrases
/// and the policy's key, because who can read the entry needs none of them; the intermediates,
/// which only help the service; and the timeout. A certificate file counts by its contents, so a
/// renewed one misses; so does a certificate from a variable or a stream, which is kept for the
/// mint that may follow. What a token or a TPM holds counts by its reference: a certificate that is
/// exchanged there is noticed when the entry is no longer fresh. So does the private key, which has
/// to belong to the certificate anyway.
///
/// Fails with kUsage when the certificate is missing or its file is none that can be read twice
/// (a pipe), and with kLocalIo when it cannot be read.
Result<CacheKey> MakeCacheKey(const IdentitySpec& identity, const SessionSpec& session);

}  // namespace credmint::roles
