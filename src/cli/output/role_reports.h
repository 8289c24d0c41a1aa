// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roles/role.h"
#include "roles/role_set.h"

namespace credmint::cli {

/// Says on stderr, for commands that stay, that TLS is not verified where a role wants it so.
void WarnOfUnverified(const roles::Role& role);

/// Says on stderr what roles of a server come to, with the role's name in front where it has one.
roles::RoleSetObserver ReportRoles();

}  // namespace credmint::cli
