// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

#include <optional>
#include <string>

#include "base/secret.h"

namespace credmint::provider {

/// One PEM block. The contents are a Secret because they may be someone else's private key.
struct BioPemBlock {
  std::string label;
  bool has_header = false;  ///< Proc-Type or similar: traditional encryption
  Secret contents;          ///< decoded from base64

  /// Reads the next block, skipping anything before it. Returns nullopt if there is none or it is
  /// damaged.
  static std::optional<BioPemBlock> Read(BIO* bio);
};

}  // namespace credmint::provider
