// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// Formats the JSON object that AWS SDKs and the AWS CLI read from a credential_process (CONTRACT
/// section 5). Its members are Version (the number 1), AccessKeyId, SecretAccessKey, SessionToken,
/// Expiration, and AccountId if it is known. One line, without a line end.
Secret FormatProcessJson(const Credentials& credentials);

}  // namespace credmint
