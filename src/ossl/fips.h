// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include "base/error.h"

namespace credmint {

/// Makes a new library context obey FIPS if OpenSSL's configuration demands that, by `fips=yes`
/// among its default properties. Then the context gets the provider `fips` with its settings from
/// there, the provider `base`, and `fips=yes` as a default property. Nothing else of the
/// configuration is used: it may name code for other programs.
///
/// The configuration is the one that OPENSSL_CONF names, else the system's. It is read once in a
/// process and its children, so that all contexts follow the same rule.
///
/// Returns whether FIPS is demanded. Fails with kUsage if it is and cannot be had, and with
/// kLocalIo if the configuration exists and cannot be read. The context must not be used then.
Result<bool> ObeyFips(OSSL_LIB_CTX* context);

/// Whether the configuration demands FIPS.
bool ObeysFips();

}  // namespace credmint
