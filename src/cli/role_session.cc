// SPDX-License-Identifier: Apache-2.0
#include "cli/role_session.h"

#include <utility>

#include "http/curl_transport.h"

namespace credmint::cli {

Result<std::unique_ptr<RoleSession>> RoleSession::Create(const LibraryContext& context,
                                                         const RoleOptions& options,
                                                         IdentityPool& identities,
                                                         Retrying retrying) {
  auto session_options = MakeSessionOptions(options.service);
  if (!session_options) return Fail(std::move(session_options));
  if (retrying == Retrying::kElsewhere) session_options->max_attempts = 1;
  auto identity = identities.Get(options.key, Timeout(options.service));
  if (!identity) return Fail(std::move(identity));
  auto transport_options = MakeTransportOptions(options.service);
  if (!transport_options) return Fail(std::move(transport_options));
  return std::make_unique<RoleSession>(*std::move(session_options), context, *std::move(identity),
                                       MakeCurlTransport(*std::move(transport_options)));
}

RoleSession::RoleSession(SessionOptions options, const LibraryContext& context,
                         std::shared_ptr<RoleIdentity> identity,
                         std::unique_ptr<Transport> transport)
    : request_(options.request),
      identity_(std::move(identity)),
      transport_(std::move(transport)),
      session_(
          std::move(options), context, [this] { return identity_->Open(generation_); },
          *transport_) {}

Result<Credentials> RoleSession::Get() {
  auto credentials = session_.Get();
  if (credentials) identity_->NoteWorked(generation_);
  if (credentials || credentials.error().code != ErrorCode::kLockedOut) return credentials;
  return tl::unexpected(identity_->NoteLockout(std::move(credentials).error()));
}

}  // namespace credmint::cli
