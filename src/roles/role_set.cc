// SPDX-License-Identifier: Apache-2.0
#include "roles/role_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/steady_text.h"
#include "http/retry_policy.h"
#include "roles/role_session.h"

namespace credmint::roles {
namespace {

constexpr int kMostFirstCalls = 3;
constexpr std::chrono::milliseconds kBetweenLooks{20};

/// Whether both request the same role in the same way, ignoring the duration and the key.
bool AskForTheSame(const SessionRequest& left, const SessionRequest& right) {
  return left.role() == right.role() && left.profile() == right.profile() &&
         left.trust_anchor() == right.trust_anchor() &&
         left.role_session_name() == right.role_session_name();
}

}  // namespace

/// A role with everything needed to get its credentials.
struct RoleSet::Member {
  [[nodiscard]] const SessionRequest& request() const { return role.session.request; }
  [[nodiscard]] std::string Name() const { return NameOf(role); }

  Role role;
  std::unique_ptr<RoleSession> session;
  std::unique_ptr<Refresher> refresher = nullptr;
};

RoleSet::RoleSet(const LibraryContext& context, RoleSetObserver observer, Environment environment)
    : identities_(context, std::move(environment)), observer_(std::move(observer)) {}

RoleSet::~RoleSet() = default;

void RoleSet::Stop() {
  for (const auto& member : *running_.Lock()) {
    if (member->refresher) member->refresher->Stop();
  }
}

Result<void> RoleSet::Set(std::vector<Role> wanted) {
  const Members earlier = *running_.Lock();
  Members kept;
  Members next;
  for (Role& role : wanted) {
    const auto same = std::find_if(earlier.begin(), earlier.end(), [&](const auto& member) {
      return AreTheSame(member->role, role);
    });
    if (same != earlier.end()) {
      kept.push_back(*same);
      next.push_back(*same);
      continue;
    }
    auto made = Make(std::move(role));
    if (!made) return Fail(std::move(made));
    next.push_back(*std::move(made));
  }
  // Reload all identities before any refresher retries, because some roles share an identity.
  for (const auto& member : next) member->session->Reload();
  for (const auto& member : kept) member->refresher->Reload();
  next_ = std::move(next);
  return {};
}

Result<std::shared_ptr<RoleSet::Member>> RoleSet::Make(Role role) {
  auto session = RoleSession::Create(role, identities_, RoleSession::Retrying::kElsewhere);
  if (!session) {
    return Fail(std::move(session), role.name.empty() ? "" : fmt::format("role {}", role.name));
  }
  if (observer_.added) observer_.added(role);
  return std::make_shared<Member>(Member{std::move(role), *std::move(session)});
}

std::vector<std::shared_ptr<void>> RoleSet::Start() {
  for (const auto& member : next_) {
    if (!member->refresher) Start(*member);
  }
  running_.Lock()->swap(next_);
  const Members now = *running_.Lock();
  std::vector<std::shared_ptr<void>> dropped;
  for (auto& earlier : std::exchange(next_, {})) {
    if (std::find(now.begin(), now.end(), earlier) == now.end()) {
      dropped.push_back(std::move(earlier));
    }
  }
  return dropped;
}

/// The refresher reports each failure; the observer is told only of changes.
void RoleSet::Start(Member& member) {
  const auto reported = std::make_shared<ReportedFailure>();
  const auto renewed = [this, &role = member.role, reported](const Credentials&) {
    if (observer_.answered) observer_.answered();
    if (reported->Clear() && observer_.recovered) observer_.recovered(role);
  };
  const auto failed = [this, &role = member.role, reported](const Error& error) {
    if (observer_.answered) observer_.answered();
    if (reported->Replace(error) && observer_.failed) observer_.failed(role, error);
  };
  member.refresher =
      std::make_unique<Refresher>(*member.session, RefresherObserver{renewed, failed},
                                  identities_.environment().refresher, Earlier(member));
}

std::optional<Credentials> RoleSet::Earlier(const Member& member) {
  const auto all = running_.Lock();
  for (const auto& earlier : *all) {
    if (earlier->Name() != member.Name()) continue;
    if (!AskForTheSame(earlier->request(), member.request())) continue;
    const auto answer = earlier->refresher->TryGet();
    if (answer && *answer) return (**answer)->Clone();
  }
  return std::nullopt;
}

Result<void> RoleSet::WaitForCredentials() {
  using std::chrono::steady_clock;
  for (const RunningRole& role : roles()) {
    const auto deadline = steady_clock::now() + role.timeout;
    while (true) {
      const auto credentials = role.refresher->Get();
      if (credentials) break;
      if (!IsRetryable(credentials.error().code) || steady_clock::now() >= deadline ||
          role.refresher->State().calls >= kMostFirstCalls) {
        return Fail(credentials);
      }
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }
  return {};
}

std::vector<RunningRole> RoleSet::roles() {
  std::vector<RunningRole> roles;
  const auto all = running_.Lock();
  for (const auto& member : *all) {
    roles.push_back({member->Name(), member->request(), member->role.session.timeout,
                     std::shared_ptr<Refresher>(member, member->refresher.get()),
                     member->session->certificate_expires(), member->session->size(),
                     member->session->spare_in_use()});
  }
  return roles;
}

}  // namespace credmint::roles
