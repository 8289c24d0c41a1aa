// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/foreign_code.h"

namespace credmint::pkcs11 {

/// The needs of the module at `path`, by its file's name and by its own configuration. Modules that
/// are not known here may be anything, a client of a network HSM for example.
///
/// Sources: the modules' manuals; docs/design/sandbox.md has the table.
ForeignNeeds NeedsOf(const std::string& path);

}  // namespace credmint::pkcs11
