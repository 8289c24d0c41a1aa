// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "doctor/examination.h"
#include "roles/role.h"

namespace credmint::doctor {

/// Reports who may ask `serve` for each role: its users, or those of the server if it has none of
/// its own. Looks at the files of tokens, too.
void CheckSharing(const Observer& observer, std::span<const roles::Role> roles,
                  const std::vector<std::string>& users_of_server,
                  const std::string& token_file_of_server);

}  // namespace credmint::doctor
