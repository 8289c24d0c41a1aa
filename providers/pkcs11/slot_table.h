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
  /// The slots of a module whose tokens the URI matches, in the module's order; uninitialised
  /// tokens are left out. May be empty. Fails with kDevice when the module does not list slots.
  Result<std::vector<std::shared_ptr<Slot>>> Find(const std::shared_ptr<Module>& module,
                                                  const Uri& uri);

 private:
  std::shared_ptr<Slot> Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID id,
                                 const CK_TOKEN_INFO& token);

  Guarded<std::map<std::pair<std::string, CK_SLOT_ID>, std::shared_ptr<Slot>>> slots_;
};

}  // namespace credmint::pkcs11
