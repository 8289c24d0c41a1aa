// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "common/public_key.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/object.h"
#include "pkcs11/token_object.h"

namespace credmint::pkcs11 {

/// A private key and its place.
struct FoundKey {
  TokenObject place;
  PrivateKeyFacts facts;
  provider::PublicKey public_key;  ///< not set if `possible` is not empty
  /// Candidates for `public_key`. Set if only a signature could tell which one it is, and the key
  /// needs a PIN for that signature.
  std::vector<provider::PublicKey> possible;
  /// Its signatures have shown this.
  std::shared_ptr<const MechanismChoice> mechanism = std::make_shared<const MechanismChoice>();
};

}  // namespace credmint::pkcs11
