// SPDX-License-Identifier: Apache-2.0
#include "cli/output/role_reports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "base/error_name.h"
#include "base/guarded.h"
#include "base/printable.h"
#include "base/steady_text.h"
#include "base/timestamp.h"
#include "base/users.h"
#include "cli/output/output.h"
#include "cli/output/remedy_text.h"

namespace credmint::cli {
namespace {

constexpr const char* kUnverified = "--no-verify-ssl: the service's certificate is not verified";

/// The failures that roles have now. A cause that several of them share is said once.
class Failures {
 public:
  void Report(const roles::Role& role, const Error& error) {
    const std::string name = roles::NameOf(role);
    const std::string cause = SteadyText(error.message);
    std::string same;
    {
      const auto now = now_.Lock();
      const auto shared = std::find_if(now->begin(), now->end(), [&](const auto& failure) {
        return failure.first != name && failure.second == cause;
      });
      if (shared != now->end()) same = shared->first;
      (*now)[name] = cause;
    }
    Error named = error;
    if (!same.empty()) named = {error.code, fmt::format("the same as role {}", same), {}};
    ReportError(named, role.name);
  }

  void Forget(const roles::Role& role) { now_.Lock()->erase(roles::NameOf(role)); }

 private:
  Guarded<std::map<std::string, std::string>> now_;  // the messages by role
};

/// "user web (33)", "user 4100", or "a client whose user is not known".
std::string Describe(std::optional<uid_t> user) {
  if (!user) return "a client whose user is not known";
  const std::string name = Printable(NameOfUser(*user));
  const std::string id = std::to_string(*user);
  return name == id ? fmt::format("user {}", id) : fmt::format("user {} ({})", name, id);
}

/// Returns what to do for a user of this name.
using UserHint = std::string (*)(const std::string& name);

std::string HintOfServe(const std::string& name) {
  return fmt::format(
      "to allow it, add --allow-user {0}, or allow-users = [\"{0}\"] to the configuration file",
      name);
}

std::string HintOfExec(const std::string& name) {
  return fmt::format(
      "exec gives them to its own user and root only; for others, run credmint serve with "
      "--allow-user {}",
      name);
}

void ReportRefused(const daemon::RefusedUser& refused, UserHint hint) {
  if (!refused.user) {
    ReportError({ErrorCode::kUsage, "a client whose user is not known may not have credentials",
                 "the client is in another namespace, has closed its socket, or has bound it to a "
                 "device"});
    return;
  }
  std::string program;
  if (refused.program) {
    program = fmt::format(", program {} ({})", Printable(refused.program->name),
                          refused.program->process);
  }
  ReportError({ErrorCode::kUsage,
               fmt::format("{}{} may not have credentials", Describe(refused.user), program),
               hint(Printable(NameOfUser(*refused.user)))});
}

}  // namespace

void LogUnverified(const roles::Role& role) {
  if (!role.session.transport.verify_tls) LogWarning(kUnverified);
}

void WarnOfUnverified(const roles::Role& role, const std::string& name) {
  if (!role.session.transport.verify_tls) ReportWarning(kUnverified, name);
}

roles::MintObserver ReportMints(LogLevel level) {
  return [level](const roles::Role& role, const std::string& serial,
                 const Credentials& credentials) {
    const std::string expiration = FormatTimestamp(credentials.expiration);
    Write({.level = level,
           .message = fmt::format("new credentials {} until {}, by the certificate with serial {}",
                                  credentials.access_key_id, expiration, serial),
           .role = roles::NameOf(role),
           .details = {{"certificateSerial", serial},
                       {"accessKeyId", credentials.access_key_id},
                       {"expiration", expiration}}});
  };
}

void ReportIdentityChange(const roles::Role& role, const roles::IdentityChange& change) {
  const std::optional<Error>& loss = change.loss;
  Write({.level = loss ? LogLevel::kWarning : LogLevel::kNotice,
         .message = loss ? fmt::format("identity {} is lost, and {} is used instead: {}",
                                       change.from, change.to, loss->message)
                         : fmt::format("identity {} is back, and used again", change.to),
         .code = loss ? std::string(NameOf(loss->code)) : "",
         .hint = loss ? HintText(*loss) : "",
         .role = role.name,
         .details = {{"identity", change.to}}});
}

roles::RoleSetObserver ReportRoles() {
  const auto failures = std::make_shared<Failures>();
  return {.added =
              [failures](const roles::Role& role) {
                failures->Forget(role);
                WarnOfUnverified(role, role.name);
              },
          .answered = nullptr,
          .failed = [failures](const roles::Role& role,
                               const Error& error) { failures->Report(role, error); },
          .recovered =
              [failures](const roles::Role& role) {
                failures->Forget(role);
                ReportNotice("there are new credentials", role.name);
              }};
}

roles::Environment ReportingEnvironment(LogLevel mints) {
  const auto reported_clock = std::make_shared<std::atomic<bool>>(false);
  return {.ask = nullptr,
          .kept_earlier = [](const Error& error) { ReportError(error); },
          .expiring = [](const std::string& warning) { ReportWarning(warning); },
          .minted = ReportMints(mints),
          .changed_identity = ReportIdentityChange,
          .clock_is_off =
              [reported_clock](const std::string& clock) {
                if (!reported_clock->exchange(true)) {
                  ReportWarning(clock + ", and is corrected for requests: set it");
                }
              }};
}

daemon::UserObserver ReportUsers() {
  return {.refused = [](const daemon::RefusedUser& user) { ReportRefused(user, HintOfServe); },
          .given =
              [](const std::string& role, std::optional<uid_t> user) {
                if (user == geteuid()) return;
                ReportNotice("first credentials for " + Describe(user), role);
              },
          .too_many_refused =
              [] {
                ReportWarning(fmt::format("{} users have been refused; further ones are not named",
                                          serve::UserRecords::kMost));
              },
          .too_many_given =
              [] {
                ReportWarning(
                    fmt::format("credentials have been given to {} users, by role; further ones "
                                "are neither named nor counted",
                                serve::UserRecords::kMost));
              }};
}

daemon::UserObserver ReportUsersOfExec() {
  return {.refused = [](const daemon::RefusedUser& user) { ReportRefused(user, HintOfExec); },
          .given = nullptr};
}

}  // namespace credmint::cli
