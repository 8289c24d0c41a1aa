// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// The JSON object that AWS SDKs and the AWS CLI read from a credential_process: Version (the
/// number 1), AccessKeyId, SecretAccessKey, SessionToken, Expiration, and AccountId if it is known
/// (CONTRACT section 5). One line, without its end.
Secret FormatProcessJson(const Credentials& credentials);

}  // namespace credmint
