// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// Parses the body of a successful CreateSession response (CONTRACT section 1.2). Returns the
/// credentials in the first element of its set, and the account of the assumed role if it is
/// present. Ignores unknown members and null members.
///
/// Fails with kServiceAnswer if the body is not JSON, or if a credential is missing or empty. Also
/// fails if the credentials expire by `now`, or after `latest`, which no service grants. Messages
/// never contain a credential.
Result<Credentials> ParseSessionResponse(const Secret& body, TimePoint now, TimePoint latest);

}  // namespace credmint
