// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "cli/role_identity.h"
#include "cli/role_options.h"
#include "credentials/credential_source.h"
#include "http/transport.h"
#include "ossl/library_context.h"
#include "rolesanywhere/session.h"

namespace credmint::cli {

/// What mints a role's credentials, put together from its options: the one place where key, request
/// and transport meet.
class RoleSession : public CredentialSource {
 public:
  /// Who tries again what may pass: the session itself, or a Refresher in front of it.
  enum class Retrying { kHere, kElsewhere };

  /// Checks the options as far as that is possible without key and network. The context must
  /// outlive the session.
  static Result<std::unique_ptr<RoleSession>> Create(const LibraryContext& context,
                                                     const RoleOptions& options,
                                                     IdentityPool& identities, Retrying retrying);
  RoleSession(SessionOptions options, const LibraryContext& context,
              std::shared_ptr<RoleIdentity> identity, std::unique_ptr<Transport> transport);

  /// As Session::Get(); RoleIdentity says what is to be made of kLockedOut.
  Result<Credentials> Get() override;

  [[nodiscard]] const SessionRequest& request() const { return request_; }
  [[nodiscard]] RoleIdentity& identity() { return *identity_; }

 private:
  const SessionRequest request_;
  const std::shared_ptr<RoleIdentity> identity_;
  const std::unique_ptr<Transport> transport_;
  unsigned generation_ = 0;  // of the identity that is in use
  Session session_;
};

}  // namespace credmint::cli
