#include "cli/served_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/output.h"
#include "cli/role_session.h"
#include "credentials/refresher.h"

namespace credmint::cli {
namespace {

std::string LastSegment(const Arn& arn) { return arn.resource.substr(arn.resource.rfind('/') + 1); }

/// Which role it was that failed, where there may be several.
Error Named(const Error& error, const std::string& role) {
  return role.empty() ? error : Error(error).In(fmt::format("role {}", role));
}

}  // namespace

/// A role, from its options to its credentials.
struct ServedRoles::Served {
  RoleOptions options;
  std::unique_ptr<RoleSession> session;
  std::unique_ptr<Refresher> refresher = nullptr;
};

ServedRoles::ServedRoles(const LibraryContext& context)
    : identities_(context, Prompting::kNever), context_(context) {}

ServedRoles::~ServedRoles() = default;

Result<void> ServedRoles::Set(std::vector<RoleOptions> wanted) {
  std::vector<std::shared_ptr<Served>> kept;
  std::vector<std::shared_ptr<Served>> next;
  for (RoleOptions& options : wanted) {
    const auto same = std::find_if(served_.begin(), served_.end(),
                                   [&](const auto& served) { return served->options == options; });
    if (same != served_.end()) {
      kept.push_back(*same);
      next.push_back(*same);
      continue;
    }
    auto session =
        RoleSession::Create(context_, options, identities_, RoleSession::Retrying::kElsewhere);
    if (!session) return tl::unexpected(Named(session.error(), options.name));
    next.push_back(std::make_shared<Served>(Served{std::move(options), *std::move(session)}));
  }
  for (const auto& served : kept) {
    served->session->identity().Reload();
    if (served->refresher) served->refresher->Reload();
  }
  served_ = std::move(next);
  return {};
}

void ServedRoles::Start() {
  for (const auto& served : served_) {
    if (served->refresher) continue;
    auto report = [name = served->options.name](const Error& error) {
      ReportError(Named(error, name));
    };
    served->refresher = std::make_unique<Refresher>(*served->session,
                                                    RefresherObserver{nullptr, std::move(report)});
  }
}

std::vector<serve::Role> ServedRoles::roles() const {
  std::vector<serve::Role> roles;
  for (const auto& served : served_) {
    const SessionRequest& request = served->session->request();
    const Arn& arn = request.role();
    const std::string& name = served->options.name;
    roles.push_back({name.empty() ? LastSegment(arn) : name, arn.account, arn.partition,
                     request.region(),
                     std::shared_ptr<CredentialSource>(served, served->refresher.get())});
  }
  return roles;
}

}  // namespace credmint::cli
