// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"
#include "credentials/credentials.h"

namespace credmint {

/// A source of currently valid credentials: a session that mints them, or a cache in front of one.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  /// May take as long as a call to the service with its retries.
  virtual Result<Credentials> Get() = 0;

  /// For callers that cannot wait. Returns nothing if Get() would block.
  virtual std::optional<Result<Credentials>> TryGet() { return Get(); }
};

}  // namespace credmint
