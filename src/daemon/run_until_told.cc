// SPDX-License-Identifier: Apache-2.0
#include "daemon/run_until_told.h"

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "base/time_left.h"
#include "credentials/profile/profile_keeper.h"
#include "daemon/manager_plan.h"
#include "daemon/service_manager.h"
#include "serve/health/cause.h"

namespace credmint::daemon {
namespace {

/// Waits for `ended`, which rings the server's bell, and notifies the service manager meanwhile.
void WaitFor(const std::atomic<bool>& ended, RoleServer& server) {
  using std::chrono::steady_clock;
  ManagerPlan plan(
      steady_clock::now(), WatchdogTime(), [&] { return server.HasAnswered(); },
      [&] { return server.IsContent(); });
  std::string told;
  while (!ended) {
    for (const std::string& state : plan.Due(steady_clock::now())) NotifyManager(state);
    std::string status = "STATUS=" + server.StatusLine();
    if (status != told) NotifyManager(status);
    told = std::move(status);
    server.news().Wait(plan.Next(steady_clock::now()));
  }
}

/// "STATUS=profile web: written, certificate 12 days".
std::string StatusOf(const CredentialsFile& file, roles::RoleSession& session) {
  std::string status = fmt::format("STATUS=profile {}: written", file.profile);
  if (const auto end = session.certificate_expires()) {
    status += fmt::format(", certificate {}", TimeLeft(*end, std::chrono::system_clock::now()));
  }
  if (const std::string spare = session.spare_in_use(); !spare.empty()) {
    status += ", with the identity " + spare;
  }
  return status;
}

}  // namespace

ToldBySignals::ToldBySignals(const EndSignals& signals, std::function<void()> reload,
                             std::function<void()> end)
    : signals_(signals) {
  signals.SetHandler([reload = std::move(reload), end = std::move(end),
                      ending = false](const siginfo_t& signal) mutable {
    if (signal.si_signo == SIGHUP) {
      reload();
      return true;
    }
    if (std::exchange(ending, true)) return false;
    end();
    return true;
  });
}

ToldBySignals::~ToldBySignals() {
  signals_.SetHandler(nullptr);
  NotifyManager("STOPPING=1");
}

Result<void> ServeUntilTold(RoleServer& server, const EndSignals& signals,
                            const std::function<Result<void>()>& announce,
                            std::function<void()> reload) {
  std::atomic<bool> ended = false;
  const ToldBySignals told(signals, std::move(reload), [&] {
    ended = true;
    server.news().Ring();
  });
  auto announced = announce();
  if (announced) WaitFor(ended, server);
  return announced;
}

Result<void> UpdateUntilTold(const CredentialsFile& file, roles::RoleSession& session,
                             const EndSignals& signals, const UpdateObserver& observer,
                             const std::function<void()>& end_keys) {
  std::atomic<bool> failing = false;
  ProfileKeeper keeper(
      session, file,
      [&](const Error& error) {
        failing = true;
        NotifyManager(
            fmt::format("STATUS=profile {}: {}", file.profile, serve::CauseOf(error.code)));
        observer.failed(error);
      },
      [&] {
        if (failing.exchange(false)) observer.recovered();
        NotifyManager("READY=1");
        NotifyManager(StatusOf(file, session));
      });
  const auto reload = [&] {
    session.Reload();
    keeper.Reload();
  };
  const ToldBySignals told(signals, reload, [&] {
    keeper.Stop();
    if (end_keys) end_keys();
  });
  return keeper.Run();
}

}  // namespace credmint::daemon
