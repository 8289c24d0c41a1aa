// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "serve/api/served_role.h"

namespace credmint::serve {

/// The served roles. A role that a client's user may not have does not exist for it. They may be
/// replaced while requests are answered: a running request keeps the role it has found. Safe to
/// call from any thread.
class ServedRoles {
 public:
  /// At least one role. The first is the one that the metadata service lists.
  explicit ServedRoles(std::vector<ServedRole> roles) { Set(std::move(roles)); }

  void Set(std::vector<ServedRole> roles);

  /// Returns the first role that the client may have. Null: it may have none.
  [[nodiscard]] std::shared_ptr<const ServedRole> First(const Client& client);
  /// Returns the role of this name. Null if there is none, or if the client may not have it.
  [[nodiscard]] std::shared_ptr<const ServedRole> Find(std::string_view name, const Client& client);

 private:
  Guarded<std::vector<std::shared_ptr<const ServedRole>>> roles_;
};

}  // namespace credmint::serve
