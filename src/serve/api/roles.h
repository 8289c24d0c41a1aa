// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "serve/api/role.h"

namespace credmint::serve {

/// The roles that are given out, which may be exchanged while requests are answered: one that runs
/// keeps the role it has found. Any thread may call.
class Roles {
 public:
  /// At least one; the first is that of the metadata service's list.
  explicit Roles(std::vector<Role> roles) { Set(std::move(roles)); }

  void Set(std::vector<Role> roles);

  [[nodiscard]] std::shared_ptr<const Role> First();
  /// Null if there is none of this name.
  [[nodiscard]] std::shared_ptr<const Role> Find(std::string_view name);

 private:
  Guarded<std::vector<std::shared_ptr<const Role>>> roles_;
};

}  // namespace credmint::serve
