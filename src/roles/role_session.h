// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "credentials/credential_source.h"
#include "http/transport.h"
#include "roles/identity_pool.h"
#include "roles/identity_session.h"
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

/// Mints a role's credentials with the first of its identities whose device is not lost
/// (IsDeviceLoss()). Each call begins with the first. After any other failure no further identity
/// is tried, least of all after a refused PIN. Only one thread may call Get().
class RoleSession : public CredentialSource {
 public:
  using Retrying = roles::Retrying;

  /// Checks the role as far as possible without key and network. Fails with kUsage if the endpoint
  /// is malformed. Fails with kLocalIo if the CA bundle holds no certificates or is writable by
  /// everyone. Otherwise fails like IdentityPool::Get(). The pool's context must outlive the
  /// session.
  static Result<std::unique_ptr<RoleSession>> Create(const Role& role, IdentityPool& identities,
                                                     Retrying retrying);

  /// Fails like IdentitySession::Get() with the failure of the last identity that was tried, and
  /// with words about those before it. If that failure would wait for SIGHUP or for the end of a
  /// lockout, the code is that of the first loss. That device may come back earlier.
  Result<Credentials> Get() override;

  /// RoleIdentity::Reload() of all identities.
  void Reload();

  /// The end of the certificate that was opened last, of the identity in use.
  [[nodiscard]] std::optional<TimePoint> certificate_expires() const;
  /// The number of identities, at least one.
  [[nodiscard]] std::size_t size() const { return candidates_.size(); }
  /// The name of the identity of the last mint, if it is not the first one; else empty.
  [[nodiscard]] std::string spare_in_use() const;

 private:
  struct Candidate {
    std::string name;
    std::unique_ptr<IdentitySession> session;
  };

  RoleSession(const Role& role, const Environment& environment, OSSL_LIB_CTX* tls);
  [[nodiscard]] Error Explain(const std::vector<Error>& losses, Error error) const;
  void NoteUse(std::size_t index, const std::vector<Error>& losses);

  const Role role_;
  const MintObserver minted_;
  const std::function<void(const Role&, const IdentityChange&)> changed_identity_;
  const std::unique_ptr<Transport> transport_;
  std::vector<Candidate> candidates_;
  std::atomic<std::size_t> in_use_ = 0;  // read on other threads
};

}  // namespace credmint::roles
