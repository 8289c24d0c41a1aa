// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "doctor/examination.h"
#include "doctor/examined_identity.h"
#include "ossl/library_context.h"
#include "roles/role.h"

namespace credmint::doctor {

/// The way to the endpoint of each role, by a request that needs no credentials. Reports the name,
/// the connection, a proxy, and who issued the service's certificate. Compares this machine's clock
/// with the service's. Roles with the same way share the checks.
void CheckServices(const Observer& observer, std::span<const roles::Role> roles);

/// Asks the service for a session, once.
void CheckMint(const Observer& observer, const LibraryContext& context, const roles::Role& role,
               const ExaminedIdentity& identity);

}  // namespace credmint::doctor
