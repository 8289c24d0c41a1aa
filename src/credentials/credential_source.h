// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"
#include "credentials/credentials.h"

namespace credmint {

/// Gives credentials that are valid now: a session that mints them, or a cache in front of one.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  /// May take as long as a call of the service with its retries.
  virtual Result<Credentials> Get() = 0;

  /// For those who cannot wait: nothing while Get() would.
  virtual std::optional<Result<Credentials>> TryGet() { return Get(); }
};

}  // namespace credmint
