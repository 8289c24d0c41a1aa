// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "credentials/credential_source.h"
#include "http/transport.h"
#include "roles/identity_pool.h"
#include "roles/role.h"
#include "rolesanywhere/session_minter.h"

namespace credmint::roles {

/// What mints a role's credentials: the one place where key, request and transport meet.
class RoleSession : public CredentialSource {
 public:
  /// Who tries again what may pass: the session itself, or a Refresher in front of it.
  enum class Retrying { kHere, kElsewhere };

  /// Checks the role as far as that is possible without key and network. Fails with kUsage on an
  /// endpoint that is none, with kLocalIo when the CA bundle is no file of certificates or
  /// everybody may write it, and as IdentityPool::Get(). The pool's context must outlive it.
  static Result<std::unique_ptr<RoleSession>> Create(const Role& role, IdentityPool& identities,
                                                     Retrying retrying);
  RoleSession(SessionOptions options, const LibraryContext& context,
              std::shared_ptr<RoleIdentity> identity, std::unique_ptr<Transport> transport);

  /// As SessionMinter::Get(); RoleIdentity says what is to be made of kLockedOut.
  Result<Credentials> Get() override;

  [[nodiscard]] RoleIdentity& identity() { return *identity_; }

 private:
  const std::shared_ptr<RoleIdentity> identity_;
  const std::unique_ptr<Transport> transport_;
  unsigned generation_ = 0;  // of the identity that is in use
  SessionMinter session_;
};

}  // namespace credmint::roles
