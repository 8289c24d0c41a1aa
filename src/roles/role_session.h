// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "credentials/credential_source.h"
#include "http/transport.h"
#include "roles/identity_pool.h"
#include "roles/role.h"
#include "rolesanywhere/session_minter.h"

namespace credmint::roles {

/// Whether the session retries temporary failures, or a Refresher in front of it does.
enum class Retrying { kHere, kElsewhere };

/// The request, the endpoint and the limits of a role. Fails with kUsage for a malformed endpoint.
Result<SessionOptions> MakeSessionOptions(const Role& role, Retrying retrying);

/// Checks that the CA bundle holds certificates. The TLS library would report an empty one much
/// later, with a less helpful message. Fails with kLocalIo, also if everyone may write it.
Result<void> CheckCaBundle(const Role& role);

/// Mints a role's credentials. No other class combines key, request and transport.
class RoleSession : public CredentialSource {
 public:
  using Retrying = roles::Retrying;
  /// See MintObserver.
  using Minted = std::function<void(const std::string& serial, const Credentials&)>;

  /// Checks the role as far as possible without key and network. Fails with kUsage if the endpoint
  /// is malformed. Fails with kLocalIo if the CA bundle holds no certificates or is writable by
  /// everyone. Otherwise fails like IdentityPool::Get(). The pool's context must outlive the
  /// session.
  static Result<std::unique_ptr<RoleSession>> Create(const Role& role, IdentityPool& identities,
                                                     Retrying retrying);
  RoleSession(SessionOptions options, const LibraryContext& context,
              std::shared_ptr<RoleIdentity> identity, std::unique_ptr<Transport> transport,
              Minted minted = {}, SessionEnvironment environment = {});

  /// Like SessionMinter::Get(), except that RoleIdentity::NoteLockout() decides about kLockedOut.
  Result<Credentials> Get() override;

  [[nodiscard]] RoleIdentity& identity() { return *identity_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<const Identity>> Open();

  const std::shared_ptr<RoleIdentity> identity_;
  const std::unique_ptr<Transport> transport_;
  const Minted minted_;
  unsigned generation_ = 0;  // of the identity in use
  std::string serial_;       // of its certificate
  SessionMinter session_;
};

}  // namespace credmint::roles
