// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "pkcs11/object.h"
#include "pkcs11/slot.h"

namespace credmint::pkcs11 {

/// URIs (RFC 7512) for people to paste. They contain no PIN, and name the module's path unless it
/// is the default one.

/// The URI of a module, by the information that it gives about itself.
std::string ModuleUri(const Module& module, const CK_INFO& info);

/// The URI of a slot, by number and description.
std::string SlotUri(const Module& module, CK_SLOT_ID id, const CK_SLOT_INFO& info);

/// The URI of a token, by model, manufacturer, serial number and label.
std::string TokenUri(const Slot& slot);

/// The URI of an object on a token, by class, CKA_ID and CKA_LABEL.
std::string ObjectUri(const Slot& slot, CK_OBJECT_CLASS object_class, const ObjectNames& names);

/// A URI by the token's label, and by what is given of class, names and module.
std::string ShortUri(const Slot& slot, std::optional<CK_OBJECT_CLASS> object_class,
                     const ObjectNames& names, const std::string& module_path);

}  // namespace credmint::pkcs11
