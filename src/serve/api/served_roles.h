// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "serve/api/served_role.h"

namespace credmint::serve {

/// The roles that are given out, which may be exchanged while requests are answered: one that runs
/// keeps the role it has found. Any thread may call.
class ServedRoles {
 public:
  /// At least one; the first is that of the metadata service's list.
  explicit ServedRoles(std::vector<ServedRole> roles) { Set(std::move(roles)); }

  void Set(std::vector<ServedRole> roles);

  [[nodiscard]] std::shared_ptr<const ServedRole> First();
  /// Null if there is none of this name.
  [[nodiscard]] std::shared_ptr<const ServedRole> Find(std::string_view name);

 private:
  Guarded<std::vector<std::shared_ptr<const ServedRole>>> roles_;
};

}  // namespace credmint::serve
