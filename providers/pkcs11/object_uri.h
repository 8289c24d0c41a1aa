// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "pkcs11/object.h"
#include "pkcs11/slot.h"

namespace credmint::pkcs11 {

/// URIs (RFC 7512) for people to paste. They name the module's path where it is not the default
/// one, and hold no PIN.

/// A module, by what it says of itself.
std::string ModuleUri(const Module& module, const CK_INFO& info);

/// A slot, by number and description.
std::string SlotUri(const Module& module, CK_SLOT_ID id, const CK_SLOT_INFO& info);

/// A token, by model, manufacturer, serial number and label.
std::string TokenUri(const Slot& slot);

/// One object on it, by class, CKA_ID and CKA_LABEL.
std::string ObjectUri(const Slot& slot, CK_OBJECT_CLASS object_class, const ObjectNames& names);

}  // namespace credmint::pkcs11
