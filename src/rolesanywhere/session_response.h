// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// The credentials in the body of a successful CreateSession response (CONTRACT section 1.2): those
/// of the first element of its set. The account is that of the assumed role, if it is said.
/// Unknown members and members that are null are passed over.
///
/// Fails with kServiceAnswer when the body is not JSON, a credential is missing or empty, they have
/// expired by `now`, or expire after `latest`, which no service gives. No credential gets into a
/// message.
Result<Credentials> ParseSessionResponse(const Secret& body, TimePoint now, TimePoint latest);

}  // namespace credmint
