// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "credentials/credentials.h"

namespace credmint {

/// A source of currently valid credentials: a session that mints them, or a cache in front of one.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  /// May take as long as a call to the service with its retries.
  virtual Result<Credentials> Get() = 0;

  /// For callers that cannot wait. Returns nothing if Get() would block. They share what they get,
  /// because a copy of secrets costs a system call for each.
  virtual std::optional<Result<SharedCredentials>> TryGet() {
    auto credentials = Get();
    if (!credentials) return Fail(std::move(credentials));
    return std::make_shared<const Credentials>(*std::move(credentials));
  }
};

}  // namespace credmint
