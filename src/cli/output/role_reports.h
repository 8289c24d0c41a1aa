// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "roles/role.h"
#include "roles/role_set.h"

namespace credmint::cli {

/// Says in the log that TLS is not verified where a role wants it so; and the same on stderr, for
/// commands that stay, where `clause` stands in front.
void LogUnverified(const roles::Role& role);
void WarnOfUnverified(const roles::Role& role, const std::string& clause = {});

/// Says on stderr what roles of a server come to, with the role's name in front where it has one.
roles::RoleSetObserver ReportRoles();

}  // namespace credmint::cli
