// SPDX-License-Identifier: Apache-2.0
#include "roles/role_session.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/read_file.h"
#include "base/shown_value.h"

namespace credmint::roles {

Result<SessionOptions> MakeSessionOptions(const Role& role, Retrying retrying) {
  const SessionSpec& session = role.session;
  auto endpoint = ResolveEndpoint(session.request.region(), session.endpoint);
  if (!endpoint) {
    return Fail(std::move(endpoint), session.endpoint.custom.empty() ? "" : role.origins.endpoint);
  }
  SessionOptions options{session.request, *std::move(endpoint), session.timeout};
  if (retrying == Retrying::kElsewhere) options.max_attempts = 1;
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
  auto options = MakeSessionOptions(role, retrying);
  if (!options) return Fail(std::move(options));
  if (auto checked = CheckCaBundle(role); !checked) return Fail(std::move(checked));
  auto identity = identities.Get(role.identity, role.session.timeout);
  if (!identity) return Fail(std::move(identity));
  Minted minted;
  if (const MintObserver& observer = identities.environment().minted) {
    minted = [observer, role](const std::string& serial, const Credentials& credentials) {
      observer(role, serial, credentials);
    };
  }
  SessionEnvironment environment;
  environment.clock_is_off = identities.environment().clock_is_off;
  return std::make_unique<RoleSession>(
      *std::move(options), identities.context(), *std::move(identity),
      identities.environment().make_transport(role.session.transport), std::move(minted),
      std::move(environment));
}

RoleSession::RoleSession(SessionOptions options, const LibraryContext& context,
                         std::shared_ptr<RoleIdentity> identity,
                         std::unique_ptr<Transport> transport, Minted minted,
                         SessionEnvironment environment)
    : identity_(std::move(identity)),
      transport_(std::move(transport)),
      minted_(std::move(minted)),
      session_(
          std::move(options), context, [this] { return Open(); }, *transport_,
          std::move(environment)) {}

Result<std::shared_ptr<const Identity>> RoleSession::Open() {
  auto opened = identity_->Open(generation_);
  if (opened) serial_ = (*opened)->leaf().SerialHex();
  return opened;
}

Result<Credentials> RoleSession::Get() {
  auto credentials = session_.Get();
  // The device ended a login between opening the key and the signature. SoftHSM does, if another
  // program logs in at that moment. Opening the key again logs in again.
  if (!credentials && credentials.error().code == ErrorCode::kDeviceLost) {
    credentials = session_.Get();
  }
  if (credentials) identity_->NoteWorked(generation_);
  if (credentials && minted_) minted_(serial_, *credentials);
  if (credentials || credentials.error().code != ErrorCode::kLockedOut) return credentials;
  return Fail(identity_->NoteLockout(std::move(credentials).error()));
}

}  // namespace credmint::roles
