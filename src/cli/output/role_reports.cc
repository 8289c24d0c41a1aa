// SPDX-License-Identifier: Apache-2.0
#include "cli/output/role_reports.h"

#include <fmt/format.h>

#include <string>

#include "base/log.h"
#include "cli/output/output.h"

namespace credmint::cli {
namespace {

constexpr const char* kUnverified = "--no-verify-ssl: the service's certificate is not verified";

/// The name of the role in front of a message, if there may be several roles.
std::string RoleClause(const roles::Role& role) {
  return role.name.empty() ? "" : fmt::format("role {}: ", role.name);
}

}  // namespace

void LogUnverified(const roles::Role& role) {
  if (!role.session.transport.verify_tls) LogWarning(kUnverified);
}

void WarnOfUnverified(const roles::Role& role, const std::string& clause) {
  if (!role.session.transport.verify_tls) ReportWarning(clause + kUnverified);
}

roles::RoleSetObserver ReportRoles() {
  return {.added = [](const roles::Role& role) { WarnOfUnverified(role, RoleClause(role)); },
          .answered = nullptr,
          .failed =
              [](const roles::Role& role, const Error& error) {
                Error named = error;
                named.message.insert(0, RoleClause(role));
                ReportError(named);
              },
          .recovered =
              [](const roles::Role& role) {
                ReportRecovery(RoleClause(role) + "there are new credentials");
              }};
}

}  // namespace credmint::cli
