// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "cli/role_identity.h"
#include "cli/role_options.h"
#include "credentials/credentials.h"
#include "ossl/library_context.h"
#include "serve/api/role.h"
#include "serve/health/status.h"

namespace credmint::cli {

/// The roles that `serve` gives out, each with a refresher of its own. Those with the same key
/// share the opened identity, and so one login.
///
/// Set() and Start() are for one thread at a time, all else is for any.
class ServedRoles {
 public:
  /// The context must outlive this, and what roles() has given out.
  /// `answered` is told, by any thread, whenever a source may have another answer.
  ServedRoles(const LibraryContext& context, std::function<void()> answered);
  ~ServedRoles();
  ServedRoles(const ServedRoles&) = delete;
  ServedRoles& operator=(const ServedRoles&) = delete;

  /// These are served after the next Start(). Those that were served with the same options before
  /// keep their credentials and ask for new ones, with secrets read again. If one cannot be served,
  /// nothing has changed.
  Result<void> Set(std::vector<RoleOptions> wanted);

  /// Begins to mint. What was given out under a name is still given out under it meanwhile, if it
  /// is of the same role, profile, trust anchor and session name. Returns what is not served any
  /// more: the last one to let go of that waits for the call of the service that runs.
  std::vector<std::shared_ptr<void>> Start();

  /// After Start(). By their names in the configuration file, else by the last segment of their
  /// ARNs.
  [[nodiscard]] std::vector<serve::Role> roles();

  /// How they stand.
  [[nodiscard]] std::vector<serve::RoleStatus> States();

 private:
  struct Served;

  void Start(Served& served);
  std::optional<Credentials> Earlier(const Served& role);

  IdentityPool identities_;
  const LibraryContext& context_;
  const std::function<void()> answered_;
  std::vector<std::shared_ptr<Served>> next_;  // not started yet
  Guarded<std::vector<std::shared_ptr<Served>>> served_;
};

}  // namespace credmint::cli
