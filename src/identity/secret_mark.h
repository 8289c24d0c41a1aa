// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/secret.h"
#include "ossl/plain_hmac.h"

namespace credmint {

/// Tells whether two secrets are equal without storing them. Stores their HMAC under a random key
/// of this process. If the kernel had no random bytes for that key, a mark equals nothing.
class SecretMark {
 public:
  explicit SecretMark(const Secret& secret);

  bool operator==(const SecretMark& other) const { return code_ && code_ == other.code_; }

 private:
  std::optional<PlainHmac::Code> code_;
};

}  // namespace credmint
