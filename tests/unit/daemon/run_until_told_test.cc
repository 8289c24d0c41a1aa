// SPDX-License-Identifier: Apache-2.0
#include "daemon/run_until_told.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "serve/transport/http_server.h"
#include "unit/roles/running_roles.h"

namespace credmint::daemon {
namespace {

using roles::ListOf;

/// Each test runs in its own process (EXPECT_EXIT), because signals affect the whole process.
class RunUntilToldTest : public roles::RunningRoles {
 protected:
  RunUntilToldTest() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_DFL);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("RUNTIME_DIRECTORY");
  }

  std::unique_ptr<RoleServer> StartServer() {
    auto server = RoleServer::Start(context_, ListOf(MakeRole("web")), {.port = 0}, MakeObserver(),
                                    {}, MakeRunningEnvironment());
    if (!server) _exit(100);
    return *std::move(server);
  }

  std::string ReadProfile() {
    std::stringstream text;
    text << std::ifstream(directory_.File("credentials")).rdbuf();
    return text.str();
  }
};

class ServeUntilToldTest : public RunUntilToldTest {
 protected:
  void SetUp() override {
    const auto server = serve::HttpServer::CheckLibrary();
    const bool is_left_out = !server && server.error().code == ErrorCode::kUsage;
    if (is_left_out) GTEST_SKIP() << server.error().message;
  }
};

TEST_F(ServeUntilToldTest, ServesUntilASignalAndReloadsByAnother) {
  EXPECT_EXIT(
      {
        const EndSignals signals;
        const auto server = StartServer();
        int reloads = 0;
        const auto served = ServeUntilTold(
            *server, signals,
            []() -> Result<void> {
              kill(getpid(), SIGHUP);
              return {};
            },
            [&] {
              ++reloads;
              kill(getpid(), SIGTERM);
            });
        _exit(served && reloads == 1 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ServeUntilToldTest, PingsAWatchdogMeanwhile) {
  EXPECT_EXIT(
      {
        setenv("WATCHDOG_USEC", "100000", 1);
        const EndSignals signals;
        const auto server = StartServer();
        const auto served = ServeUntilTold(
            *server, signals,
            []() -> Result<void> {
              alarm(0);
              std::thread([] {
                std::this_thread::sleep_for(std::chrono::milliseconds(300));
                kill(getpid(), SIGINT);
              }).detach();
              return {};
            },
            [] {});
        _exit(served ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ServeUntilToldTest, EndsWhereNobodyCanBeToldWhereItIs) {
  EXPECT_EXIT(
      {
        const EndSignals signals;
        const auto server = StartServer();
        const auto served = ServeUntilTold(
            *server, signals, [] { return Fail(ErrorCode::kLocalIo, "no stdout"); }, [] {});
        _exit(!served && served.error().code == ErrorCode::kLocalIo ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(RunUntilToldTest, EndsAtOnceByASecondSignal) {
  EXPECT_EXIT(
      {
        const EndSignals signals;
        const ToldBySignals told(
            signals, [] {}, [] { kill(getpid(), SIGTERM); });
        kill(getpid(), SIGTERM);
        pause();
        _exit(1);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(RunUntilToldTest, UpdatesAProfileUntilASignal) {
  EXPECT_EXIT(
      {
        const EndSignals signals;
        roles::IdentityPool identities(context_, MakeEnvironment());
        const auto session = roles::RoleSession::Create(MakeRole("web"), identities,
                                                        roles::RoleSession::Retrying::kElsewhere);
        if (!session) _exit(100);
        service_.FailWith({ErrorCode::kNetwork, "no answer", ""});
        bool failed = false;
        bool recovered = false;
        const auto updated =
            UpdateUntilTold({directory_.File("credentials"), directory_.File("config"), "default"},
                            **session, signals,
                            {.failed =
                                 [&](const Error&) {
                                   failed = true;
                                   service_.GiveCredentials();
                                   kill(getpid(), SIGHUP);
                                 },
                             .recovered =
                                 [&] {
                                   recovered = true;
                                   kill(getpid(), SIGTERM);
                                 }});
        const bool written = ReadProfile().find("AK1") != std::string::npos;
        _exit(updated && failed && recovered && written ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace credmint::daemon
