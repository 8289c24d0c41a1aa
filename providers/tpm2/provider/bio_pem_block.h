// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

#include <optional>
#include <string>

#include "base/secret.h"

namespace credmint::tpm2 {

/// One PEM block. A Secret because it may be anybody's private key, read on the way to ours.
struct BioPemBlock {
  std::string label;
  bool has_header = false;  ///< Proc-Type and the like: traditional encryption
  Secret contents;          ///< decoded from base64

  /// The next block; whatever stands before it is skipped. None when there is no further one or it
  /// is damaged.
  static std::optional<BioPemBlock> Read(BIO* bio);
};

}  // namespace credmint::tpm2
