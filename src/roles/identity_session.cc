// SPDX-License-Identifier: Apache-2.0
#include "roles/identity_session.h"

#include <utility>

namespace credmint::roles {

IdentitySession::IdentitySession(SessionOptions options, const LibraryContext& context,
                                 std::shared_ptr<RoleIdentity> identity, Transport& transport,
                                 SessionEnvironment environment)
    : identity_(std::move(identity)),
      session_(
          std::move(options), context, [this] { return Open(); }, transport,
          std::move(environment)) {}

Result<std::shared_ptr<const Identity>> IdentitySession::Open() {
  auto opened = identity_->Open(generation_);
  if (opened) serial_ = (*opened)->leaf().SerialHex();
  return opened;
}

Result<Credentials> IdentitySession::Get() {
  auto credentials = session_.Get();
  // The device ended a login between opening the key and the signature. SoftHSM does, if another
  // program logs in at that moment. Opening the key again logs in again.
  if (!credentials && credentials.error().code == ErrorCode::kDeviceLost) {
    credentials = session_.Get();
  }
  if (credentials) identity_->NoteWorked(generation_);
  if (credentials || credentials.error().code != ErrorCode::kLockedOut) return credentials;
  return Fail(identity_->NoteLockout(std::move(credentials).error()));
}

}  // namespace credmint::roles
