// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "pkcs11/slot.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {

/// The slots that one provider instance has used. It keeps them for as long as the provider lives,
/// so that one login serves the certificate search, every key and every signature on a token.
class SlotTable {
 public:
  /// What a token that cannot be asked means: it may be the one that is meant, unless the URI names
  /// another, or it is left out.
  enum class Unreadable { kFail, kLeaveOut };

  /// The slots of a module whose tokens the URI matches, in the module's order; uninitialised
  /// tokens are left out. May be empty. Fails when the module does not list slots.
  Result<std::vector<std::shared_ptr<Slot>>> Find(const std::shared_ptr<Module>& module,
                                                  const Uri& uri,
                                                  Unreadable unreadable = Unreadable::kFail);

  /// After a loss: Slot::Refresh for all of them.
  void Refresh();

  /// As Slot::CloseIdle(), for all slots of the module.
  void CloseIdle(const Module& module);

  /// The numbers of a module's slots, of those with a token only if `present` says so.
  static Result<std::vector<CK_SLOT_ID>> SlotIds(const Module& module, CK_BBOOL present);

  /// The labels of the tokens a module shows, for messages.
  static std::vector<std::string> TokenLabels(const Module& module);

 private:
  std::shared_ptr<Slot> Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID id,
                                 const CK_TOKEN_INFO& token);

  Guarded<std::map<std::pair<std::string, CK_SLOT_ID>, std::shared_ptr<Slot>>> slots_;
};

}  // namespace credmint::pkcs11
