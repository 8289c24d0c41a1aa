// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/public_key.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {

/// The purpose for which a store was opened. Its keys keep it, to find themselves again after their
/// token was gone.
struct LoadRequest {
  Uri uri;
  std::string module_path;
  /// Tells several matching private keys apart: the right one has one of these public keys.
  std::vector<provider::PublicKey> public_keys;
  bool allow_final_try = false;
  bool remember_pin = false;
};

}  // namespace credmint::pkcs11
