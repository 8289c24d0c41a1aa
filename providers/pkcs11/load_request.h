// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
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
  /// A look at the module's slots since then is recent enough. By default it is asked.
  std::chrono::steady_clock::time_point recent = std::chrono::steady_clock::time_point::max();
};

}  // namespace credmint::pkcs11
