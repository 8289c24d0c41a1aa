// SPDX-License-Identifier: Apache-2.0
#include "cli/served_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/steady_text.h"
#include "cli/output.h"
#include "cli/role_session.h"
#include "credentials/refresher.h"

namespace credmint::cli {
namespace {

constexpr std::chrono::seconds kLongestKeyUse{20};  // with a touch; one role after the other

std::string LastSegment(const Arn& arn) { return arn.resource.substr(arn.resource.rfind('/') + 1); }

/// In front of a message: which role it is about, where there may be several.
std::string Clause(const std::string& role) {
  return role.empty() ? "" : fmt::format("role {}: ", role);
}

Error Named(Error error, const std::string& role) {
  error.message.insert(0, Clause(role));
  return error;
}

/// Whether it is the same that was asked for, for as long as may be and by whatever key.
bool AskForTheSame(const SessionRequest& left, const SessionRequest& right) {
  return left.role().text == right.role().text && left.profile().text == right.profile().text &&
         left.trust_anchor().text == right.trust_anchor().text &&
         left.role_session_name() == right.role_session_name();
}

/// What the process as a whole does, and other commands, makes no difference.
bool SameCredentials(RoleOptions left, const RoleOptions& right) {
  left.cache = right.cache;
  left.key.debug = right.key.debug;
  left.key.log_format = right.key.log_format;
  left.key.providers = right.key.providers;
  left.service.endpoint_source = right.service.endpoint_source;
  left.service.ca_bundle_source = right.service.ca_bundle_source;
  left.service.notes = right.service.notes;
  return left == right;
}

}  // namespace

/// A role, from its options to its credentials.
struct ServedRoles::Served {
  [[nodiscard]] std::string Name() const {
    return options.name.empty() ? LastSegment(session->request().role()) : options.name;
  }

  RoleOptions options;
  std::unique_ptr<RoleSession> session;
  std::unique_ptr<Refresher> refresher = nullptr;
};

ServedRoles::ServedRoles(const LibraryContext& context, std::function<void()> answered)
    : identities_(context, Prompting::kNever), context_(context), answered_(std::move(answered)) {}

ServedRoles::~ServedRoles() = default;

Result<void> ServedRoles::Set(std::vector<RoleOptions> wanted) {
  const auto earlier = *served_.Lock();
  std::vector<std::shared_ptr<Served>> kept;
  std::vector<std::shared_ptr<Served>> next;
  for (RoleOptions& options : wanted) {
    const auto same = std::find_if(earlier.begin(), earlier.end(), [&](const auto& served) {
      return SameCredentials(served->options, options);
    });
    if (same != earlier.end()) {
      kept.push_back(*same);
      next.push_back(*same);
      continue;
    }
    auto session =
        RoleSession::Create(context_, options, identities_, RoleSession::Retrying::kElsewhere);
    if (!session) return tl::unexpected(Named(std::move(session).error(), options.name));
    WarnOfUnverified(options.service, Clause(options.name));
    next.push_back(std::make_shared<Served>(Served{std::move(options), *std::move(session)}));
  }
  // All of them before the first is tried again: some share an identity.
  for (const auto& served : next) served->session->identity().Reload();
  for (const auto& served : kept) served->refresher->Reload();
  next_ = std::move(next);
  return {};
}

std::vector<std::shared_ptr<void>> ServedRoles::Start() {
  for (const auto& served : next_) {
    if (!served->refresher) Start(*served);
  }
  served_.Lock()->swap(next_);
  const auto now = *served_.Lock();
  std::vector<std::shared_ptr<void>> dropped;
  for (auto& earlier : std::exchange(next_, {})) {
    if (std::find(now.begin(), now.end(), earlier) == now.end())
      dropped.push_back(std::move(earlier));
  }
  return dropped;
}

void ServedRoles::Start(Served& served) {
  const auto reported = std::make_shared<ReportedFailure>();  // while it lasts
  const auto renewed = [this, name = served.options.name, reported](const Credentials&) {
    answered_();
    if (!reported->Clear()) return;
    ReportRecovery(Clause(name) + "there are new credentials");
  };
  const auto failed = [this, name = served.options.name, reported](const Error& error) {
    answered_();
    if (reported->Replace(error)) ReportError(Named(error, name));
  };
  served.refresher = std::make_unique<Refresher>(
      *served.session, RefresherObserver{renewed, failed}, RefresherEnvironment{}, Earlier(served));
}

std::optional<Credentials> ServedRoles::Earlier(const Served& role) {
  const auto all = served_.Lock();
  for (const auto& served : *all) {
    if (served->Name() != role.Name()) continue;
    if (!AskForTheSame(served->session->request(), role.session->request())) continue;
    auto answer = served->refresher->TryGet();
    if (answer && *answer) return **std::move(answer);
  }
  return std::nullopt;
}

std::vector<serve::Role> ServedRoles::roles() {
  std::vector<serve::Role> roles;
  const auto all = served_.Lock();
  for (const auto& served : *all) {
    const SessionRequest& request = served->session->request();
    const Arn& arn = request.role();
    roles.push_back({served->Name(), arn.account, arn.partition, request.region(),
                     std::shared_ptr<CredentialSource>(served, served->refresher.get())});
  }
  return roles;
}

std::vector<serve::RoleStatus> ServedRoles::States() {
  std::vector<serve::RoleStatus> states;
  const auto all = served_.Lock();
  states.reserve(all->size());
  for (const auto& served : *all) {
    const auto longest_call = Timeout(served->options.service) + kLongestKeyUse * all->size();
    states.push_back({served->Name(), served->refresher->State(), longest_call});
  }
  return states;
}

}  // namespace credmint::cli
