// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/secret.h"
#include "identity/key_reference.h"

namespace credmint {

/// A key that only its device can use, as it was in a file (a TPM key file). It suffices to load
/// the key again after the file was replaced.
struct WrappedKey {
  WrappedKey(KeyReference file, Secret bytes)
      : reference(std::move(file)), contents(std::move(bytes)) {}

  KeyReference reference;  ///< names the file
  Secret contents;         ///< of the whole file
};

}  // namespace credmint
