// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/public_key.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {

/// What a store was opened for. Kept by the keys it led to, which are found again by it after their
/// token was gone.
struct LoadRequest {
  Uri uri;
  std::string module_path;
  /// Of several private keys that match, one with one of these public keys is meant.
  std::vector<provider::PublicKey> public_keys;
  bool allow_final_try = false;
  bool remember_pin = false;
};

}  // namespace credmint::pkcs11
