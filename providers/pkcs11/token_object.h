// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "pkcs11/slot.h"

namespace credmint::pkcs11 {

/// The place of a private key object.
struct TokenObject {
  TokenObject(std::shared_ptr<Slot> at, const Session& session, CK_OBJECT_HANDLE object)
      : slot(std::move(at)), handle(object), generation(session.generation()) {}

  std::shared_ptr<Slot> slot;
  CK_OBJECT_HANDLE handle;
  /// The module's when the object was found. After another initialisation the number may mean
  /// another object.
  unsigned generation;
};

}  // namespace credmint::pkcs11
