// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/secret.h"
#include "identity/key_reference.h"

namespace credmint {

/// A key that only its device can use, as it stood in a file (a TPM key file): enough to load it
/// again after the file has been replaced.
struct WrappedKey {
  WrappedKey(KeyReference file, Secret bytes)
      : reference(std::move(file)), contents(std::move(bytes)) {}

  KeyReference reference;  ///< to the file
  Secret contents;         ///< of the whole file
};

}  // namespace credmint
