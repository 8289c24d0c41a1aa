// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "credentials/credential_source.h"
#include "http/transport.h"
#include "ossl/library_context.h"
#include "roles/role_identity.h"
#include "rolesanywhere/session_minter.h"

namespace credmint::roles {

/// Mints a role's credentials with one identity. No other class combines key, request and
/// transport. The context and the transport must outlive it.
class IdentitySession : public CredentialSource {
 public:
  IdentitySession(SessionOptions options, const LibraryContext& context,
                  std::shared_ptr<RoleIdentity> identity, Transport& transport,
                  SessionEnvironment environment = {});

  /// Like SessionMinter::Get(), except that RoleIdentity::NoteLockout() decides about kLockedOut.
  Result<Credentials> Get() override;

  [[nodiscard]] RoleIdentity& identity() const { return *identity_; }
  /// The serial number of the certificate that was opened last, in hexadecimal digits.
  [[nodiscard]] const std::string& serial() const { return serial_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<const Identity>> Open();

  const std::shared_ptr<RoleIdentity> identity_;
  unsigned generation_ = 0;  // of the identity in use
  std::string serial_;
  SessionMinter session_;
};

}  // namespace credmint::roles
