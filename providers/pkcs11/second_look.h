// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "pkcs11/module.h"

namespace credmint::pkcs11 {

/// Whether this is a token of SoftHSM.
///
/// SoftHSM stores a token in files and rewrites one of them at each login. It truncates the file
/// under a lock, and releases the lock before the new contents are written. Another process that
/// reads it at that moment sees no token, or one without a label or a PIN. If that was
/// C_Initialize, the module keeps what it saw.
///
/// SoftHSM does not count wrong PINs.
bool IsSoftHsm(const CK_TOKEN_INFO& token);

/// Paces repeated looks for what is missing on a SoftHSM token: nine, 50 ms apart.
class Patience {
 public:
  /// Waits for the next look. Returns false at once if none is left.
  bool Wait();

 private:
  int waits_ = 0;
};

/// Repeats the search for a missing token. The module is initialised again for each look
/// (Module::Restart()), unless it is in use. Then only SoftHSM is looked at again: it shows the
/// token once the file is whole.
///
/// The first look is immediate. If SoftHSM is behind the module, nine more follow, spaced by
/// Patience. Otherwise there is only one.
class SecondLook {
 public:
  explicit SecondLook(Module& module) : module_(module) {}

  /// Whether to look again now. False if nothing can be gained. Also false if the module cannot be
  /// initialised; its next call then fails with the reason.
  bool Take();

  /// Whether one of the module's slots is SoftHSM's.
  bool IsAtSoftHsm() const;

 private:
  Module& module_;
  Patience patience_;
  bool taken_ = false;
};

}  // namespace credmint::pkcs11
