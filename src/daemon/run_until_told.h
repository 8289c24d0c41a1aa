// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.h"
#include "credentials/profile/credentials_file_writer.h"
#include "daemon/end_signals.h"
#include "daemon/role_server.h"
#include "roles/role_session.h"

namespace credmint::daemon {

/// Delivers signals to a long-running command for as long as it lives. SIGHUP calls `reload`, the
/// first SIGINT or SIGTERM calls `end`, and a second one ends the process at once. Both run on
/// another thread. The destructor tells the service manager that the command is stopping.
class ToldBySignals {
 public:
  ToldBySignals(const EndSignals& signals, std::function<void()> reload, std::function<void()> end);
  ~ToldBySignals();
  ToldBySignals(const ToldBySignals&) = delete;
  ToldBySignals& operator=(const ToldBySignals&) = delete;

 private:
  const EndSignals& signals_;
};

/// Serves until a signal ends it. Calls `announce` once signals are handled, to publish the
/// server's addresses, and fails if that fails. SIGHUP calls `reload`.
Result<void> ServeUntilTold(RoleServer& server, const EndSignals& signals,
                            const std::function<Result<void>()>& announce,
                            std::function<void()> reload);

/// Callbacks for a profile's failures, on any thread, one at a time.
struct UpdateObserver {
  std::function<void(const Error&)> failed;  ///< once per lasting failure (ProfileKeeper)
  std::function<void()> recovered;           ///< after a failure
};

/// Keeps a profile of the credentials file fresh (ProfileKeeper) until a signal ends it. SIGHUP
/// reads the secrets again and mints credentials. `end_keys` ends calls of devices, which may not
/// return. Fails like ProfileKeeper::Run().
Result<void> UpdateUntilTold(const CredentialsFile& file, roles::RoleSession& session,
                             const EndSignals& signals, const UpdateObserver& observer,
                             const std::function<void()>& end_keys = {});

}  // namespace credmint::daemon
