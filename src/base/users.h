// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <set>
#include <string>

#include "base/error.h"

namespace credmint {

// Users and groups of this system, as NSS knows them (nsswitch.conf(5)). Functions fail with kUsage
// on a name that does not exist, and with kLocalIo if NSS fails.

/// Returns the ID of a user, given by name or by ID. An ID need not exist.
Result<uid_t> ResolveUser(const std::string& name);

/// Returns the ID of a group, given by name or by ID. An ID need not exist.
Result<gid_t> ResolveGroup(const std::string& name);

/// Returns the members of a group, given by name or by ID. They include the users whose primary
/// group it is, as far as NSS lists all users.
Result<std::set<uid_t>> MembersOfGroup(const std::string& name);

/// Returns a user's or group's name, or the ID in digits if NSS knows none.
std::string NameOfUser(uid_t user);
std::string NameOfGroup(gid_t group);

}  // namespace credmint
