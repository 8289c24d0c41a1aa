// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "pkcs11/module.h"

namespace credmint::pkcs11 {

/// Whether this is a token of SoftHSM, which keeps a token in files and rewrites one of them at
/// each login: cut to nothing under a lock, which is given back before the new contents are there.
/// Whoever reads it in that moment, in another process, sees no token or one without a label or a
/// PIN; what was seen at C_Initialize lasts. SoftHSM counts no wrong PINs.
bool IsSoftHsm(const CK_TOKEN_INFO& token);

/// The times to look again for what is missing on a token of SoftHSM: nine, 50 ms apart.
class Patience {
 public:
  /// Waits for the next one; false, at once, if there is none.
  bool Wait();

 private:
  int waits_ = 0;
};

/// The times to look again for a token that is missing, by a module that is initialised anew for
/// each (Module::Restart): at once and then, ten times in all, as Patience says if SoftHSM is
/// behind the module, at once and never again if not.
class SecondLook {
 public:
  explicit SecondLook(Module& module) : module_(module) {}

  /// Whether to look again now; the module has been initialised anew. Not if it must not be, or
  /// cannot be any more; then the next call of the module says why.
  bool Take();

  /// Whether a slot of the module is SoftHSM's.
  bool IsAtSoftHsm() const;

 private:
  Module& module_;
  Patience patience_;
  bool taken_ = false;
};

}  // namespace credmint::pkcs11
