// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "pkcs11/slot.h"
#include "pkcs11/uri.h"

namespace credmint::pkcs11 {

/// The slots that one provider instance has used, kept for as long as the provider lives. One login
/// thus serves the certificate search, every key and every signature on a token.
class SlotTable {
 public:
  /// How Find() treats a token that cannot be read. It may be the right token unless the URI names
  /// another one, so Find() fails (kFail), or it skips the token (kLeaveOut).
  enum class Unreadable { kFail, kLeaveOut };

  using TimePoint = std::chrono::steady_clock::time_point;

  /// The slots of a module whose tokens match the URI, in the module's order, without uninitialised
  /// tokens. May be empty. Fails if the module does not list its slots.
  ///
  /// The module is not asked again for what it showed since `recent`, unless nothing matches that.
  /// The flags of such a token are asked for before it gets a PIN (Slot::FlagsMayBeOld()).
  Result<std::vector<std::shared_ptr<Slot>>> Find(const std::shared_ptr<Module>& module,
                                                  const Uri& uri,
                                                  Unreadable unreadable = Unreadable::kFail,
                                                  TimePoint recent = TimePoint::max());

  /// Forgets what the modules showed, and calls Slot::Refresh() for all slots, after a loss.
  void Refresh();

  /// Calls Slot::CloseIdle() for all slots of the module.
  void CloseIdle(const Module& module);

  /// The numbers of a module's slots; with `present`, only of those that hold a token.
  static Result<std::vector<CK_SLOT_ID>> SlotIds(const Module& module, CK_BBOOL present);

  /// The labels of the tokens that a module shows, for messages.
  static std::vector<std::string> TokenLabels(const Module& module);

 private:
  /// A look at what a module shows. After another initialisation it may show something else.
  struct Look {
    TimePoint taken;
    unsigned generation = 0;  ///< the module's
    std::vector<CK_SLOT_ID> ids;
    std::map<CK_SLOT_ID, CK_TOKEN_INFO> tokens;  ///< of those that were read
  };

  static Result<Look> LookAt(const Module& module);
  std::optional<Look> LastLook(const Module& module, TimePoint since);
  /// Reads the tokens that are not in the look yet.
  Result<std::vector<std::shared_ptr<Slot>>> FindIn(Look look,
                                                    const std::shared_ptr<Module>& module,
                                                    const Uri& uri, Unreadable unreadable);
  std::shared_ptr<Slot> Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID id,
                                 const CK_TOKEN_INFO& token, bool is_new);

  Guarded<std::map<std::pair<std::string, CK_SLOT_ID>, std::shared_ptr<Slot>>> slots_;
  Guarded<std::map<std::string, Look>> looks_;  ///< the last of each module, by its path
};

}  // namespace credmint::pkcs11
