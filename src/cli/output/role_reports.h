// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/log.h"
#include "daemon/role_server.h"
#include "roles/role.h"
#include "roles/role_set.h"

namespace credmint::cli {

/// Warns if a role does not verify TLS: in the log, or on stderr for long-running commands. `name`
/// is that of the role, if there may be several.
void LogUnverified(const roles::Role& role);
void WarnOfUnverified(const roles::Role& role, const std::string& name = {});

/// Writes a record of each mint: the role, the certificate, the access key id and the expiry.
roles::MintObserver ReportMints(LogLevel level);

/// Warns that an identity of a role is lost, and tells when an earlier one is back.
void ReportIdentityChange(const roles::Role& role, const roles::IdentityChange& change);

/// Reports failures and recoveries of a server's roles on stderr, after the role's name, if any.
roles::RoleSetObserver ReportRoles();

/// Reports on stderr why an earlier key stays in use, and that a certificate nears its end. Warns
/// once of a wrong clock, although it is corrected. Mints are reported at the level `mints`.
roles::Environment ReportingEnvironment(LogLevel mints);

/// Reports on stderr who was refused and who got a role's credentials, except the user who runs
/// this process. Warns when there are too many users to report.
daemon::UserObserver ReportUsers();

/// Reports on stderr who was refused by the server of `exec`.
daemon::UserObserver ReportUsersOfExec();

}  // namespace credmint::cli
