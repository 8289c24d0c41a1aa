// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/key_options.h"
#include "cli/service_options.h"
#include "credentials/cache/disk_cache.h"

namespace credmint::cli {

/// The name under which the credentials are kept that these options lead to: a SHA-256 over
/// everything that changes them, without touching a token, a TPM or the network, and without
/// loading libcurl: an endpoint counts by its text.
///
/// A certificate file counts by its contents, so a renewed one misses; so does a certificate from a
/// variable or a stream, which is kept for the mint that may follow. What a token or a TPM holds
/// counts by its reference: a certificate that is exchanged there is noticed when the entry is no
/// longer fresh. So does the private key, which has to belong to the certificate anyway. PINs and
/// passphrases do not count: who can read the entry needs none.
///
/// Fails with kUsage when the certificate is missing or its file is none that can be read twice
/// (a pipe), kLocalIo when it cannot be read, and with KeyReference's errors.
Result<CacheKey> MakeCacheKey(const KeyOptions& key, const ServiceOptions& service,
                              const SessionRequest& session);

}  // namespace credmint::cli
