// SPDX-License-Identifier: Apache-2.0
#include "roles/role_session.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/read_file.h"
#include "base/shown_value.h"
#include "credentials/refresh_schedule.h"
#include "identity/device_loss.h"

namespace credmint::roles {
namespace {

/// A key of a device opens slowly. It asks nobody if its secret is given. The identity's other
/// devices, and those of spare identities, would need a process, and this one may not fork then.
bool OpensAlone(const Role& role) {
  const IdentitySpec& identity = *role.identity;
  const auto& key = identity.private_key ? identity.private_key : identity.certificate.certificate;
  return key && key->scheme() != nullptr && (identity.secrets.user || key->has_pin()) &&
         !identity.policy_key && role.spares.empty();
}

/// Where the key does nothing meanwhile, TLS may look up algorithms in our own library context.
OSSL_LIB_CTX* TlsContext(const Role& role, Retrying retrying, const LibraryContext& context) {
  return retrying == Retrying::kHere && !OpensAlone(role) ? context.get() : nullptr;
}

Connect WhenToConnect(const Role& role) {
  return OpensAlone(role) ? Connect::kWhileOpening : Connect::kWhileSigning;
}

}  // namespace

Result<SessionOptions> MakeSessionOptions(const Role& role, Retrying retrying) {
  const SessionSpec& session = role.session;
  auto endpoint = ResolveEndpoint(session.request.region(), session.endpoint);
  if (!endpoint) {
    return Fail(std::move(endpoint), session.endpoint.custom.empty() ? "" : role.origins.endpoint);
  }
  SessionOptions options{session.request, *std::move(endpoint), session.timeout};
  if (retrying == Retrying::kElsewhere) options.max_attempts = 1;
  if (retrying == Retrying::kHere) options.connect = WhenToConnect(role);
  return options;
}

Result<void> CheckCaBundle(const Role& role) {
  const std::string& path = role.session.transport.ca_bundle;
  if (path.empty()) return {};
  auto bundle = ReadFile(path, kMaxFileSize, FileAccess::kNotWrittenByAll);
  if (!bundle) return Fail(std::move(bundle), role.origins.ca_bundle);
  if (bundle->Reveal().find("CERTIFICATE-----") != std::string_view::npos) return {};
  return Fail(ErrorCode::kLocalIo,
              fmt::format("{}: {} holds no certificate", role.origins.ca_bundle, ShownPath(path)),
              "expected PEM");
}

Result<std::unique_ptr<RoleSession>> RoleSession::Create(const Role& role, IdentityPool& identities,
                                                         Retrying retrying) {
  const auto options = MakeSessionOptions(role, retrying);
  if (!options) return Fail(options);
  if (auto checked = CheckCaBundle(role); !checked) return Fail(std::move(checked));
  SessionEnvironment environment;
  environment.clock_is_off = identities.environment().clock_is_off;
  std::unique_ptr<RoleSession> session(new RoleSession(
      role, identities.environment(), TlsContext(role, retrying, identities.context())));
  for (NamedIdentity& named : IdentitiesOf(role)) {
    auto identity = identities.Get(named.spec, role.session.timeout);
    if (!identity) return Fail(std::move(identity));
    session->candidates_.push_back(
        {std::move(named.name),
         std::make_unique<IdentitySession>(*options, identities.context(), *std::move(identity),
                                           *session->transport_, environment)});
  }
  return session;
}

RoleSession::RoleSession(const Role& role, const Environment& environment, OSSL_LIB_CTX* tls)
    : role_(role),
      minted_(environment.minted),
      changed_identity_(environment.changed_identity),
      transport_(environment.make_transport(role.session.transport, tls)) {}

Result<Credentials> RoleSession::Get() {
  std::vector<Error> losses;  // of the candidates before this one
  for (std::size_t index = 0;; ++index) {
    const Candidate& candidate = candidates_[index];
    auto credentials = candidate.session->Get();
    if (credentials) {
      NoteUse(index, losses);
      if (minted_) minted_(role_, candidate.session->serial(), *credentials);
      return credentials;
    }
    const bool is_last = index + 1 == candidates_.size();
    if (is_last || !IsDeviceLoss(credentials.error().code)) {
      return Fail(Explain(losses, std::move(credentials).error()));
    }
    LogWarning(fmt::format("identity {} is lost: {}", candidate.name, credentials.error().message));
    losses.push_back(std::move(credentials).error());
  }
}

Error RoleSession::Explain(const std::vector<Error>& losses, Error error) const {
  if (candidates_.size() == 1) return error;
  error = std::move(error).In("identity " + candidates_[losses.size()].name);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    error.message +=
        fmt::format("; identity {} is lost: {}", candidates_[i].name, losses[i].message);
  }
  const bool waits = NeedsReload(error.code) || error.code == ErrorCode::kLockedOut;
  if (losses.empty() || !waits) return error;
  error.code = losses.front().code;
  error.retry_after = losses.front().retry_after;
  return error;
}

void RoleSession::NoteUse(std::size_t index, const std::vector<Error>& losses) {
  const std::size_t before = in_use_.exchange(index);
  if (before == index || !changed_identity_) return;
  changed_identity_(role_, {candidates_[before].name, candidates_[index].name,
                            index > before ? std::optional(losses[before]) : std::nullopt});
}

void RoleSession::Reload() {
  for (const Candidate& candidate : candidates_) candidate.session->identity().Reload();
}

std::optional<TimePoint> RoleSession::certificate_expires() const {
  return candidates_[in_use_].session->identity().certificate_expires();
}

std::string RoleSession::spare_in_use() const {
  const std::size_t index = in_use_;
  return index == 0 ? std::string() : candidates_[index].name;
}

}  // namespace credmint::roles
