// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/secret.h"
#include "ossl/plain_hmac.h"

namespace credmint {

/// Tells whether two secrets are the same without keeping them: their HMAC under a key that this
/// process makes for itself. Equals nothing where the kernel had no random bytes for that key.
class SecretMark {
 public:
  explicit SecretMark(const Secret& secret);

  bool operator==(const SecretMark& other) const { return code_ && code_ == other.code_; }

 private:
  std::optional<PlainHmac::Code> code_;
};

}  // namespace credmint
