// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "credentials/profile/credentials_file_writer.h"
#include "daemon/end_signals.h"
#include "daemon/role_server.h"
#include "roles/role_session.h"

namespace credmint::daemon {

/// Has a command that stays hear of signals for as long as this exists: SIGHUP calls `reload`, the
/// first SIGINT or SIGTERM calls `end`, and a second one ends the process at once. Both are called
/// by another thread. At its end the service manager is told.
class ToldBySignals {
 public:
  ToldBySignals(const EndSignals& signals, std::function<void()> reload, std::function<void()> end);
  ~ToldBySignals();
  ToldBySignals(const ToldBySignals&) = delete;
  ToldBySignals& operator=(const ToldBySignals&) = delete;

 private:
  const EndSignals& signals_;
};

/// Serves until it is told to end. `announce` tells where the server is, once signals are heard; if
/// it fails, so does this. `reload` is called by SIGHUP.
Result<void> ServeUntilTold(RoleServer& server, const EndSignals& signals,
                            const std::function<Result<void>()>& announce,
                            std::function<void()> reload);

/// Who hears of what becomes of a profile; by any thread, one at a time.
struct UpdateObserver {
  std::function<void(const Error&)> failed;  ///< once while it lasts (ProfileKeeper)
  std::function<void()> recovered;           ///< after that
};

/// Keeps a profile of the credentials file fresh (ProfileKeeper) until it is told to end. SIGHUP
/// has secrets read again and credentials minted. Fails as ProfileKeeper::Run().
Result<void> UpdateUntilTold(const CredentialsFile& file, roles::RoleSession& session,
                             const EndSignals& signals, const UpdateObserver& observer);

}  // namespace credmint::daemon
