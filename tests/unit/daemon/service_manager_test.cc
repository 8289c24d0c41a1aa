// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include "support/temp_dir.h"

namespace credmint::daemon {
namespace {

/// Takes the socket and exits: with 0 if it has this port, 1 if there is no such socket, 2 if it is
/// refused. It needs its own process, because the number of the descriptor is fixed.
[[noreturn]] void TakeSocket(const char* pid, const char* count, std::uint16_t port) {
  setenv("LISTEN_PID", pid, 1);
  setenv("LISTEN_FDS", count, 1);
  const auto socket = SocketOfManager();
  if (!socket) _exit(2);
  _exit(*socket && (*socket)->port() == port && getenv("LISTEN_FDS") == nullptr ? 0 : 1);
}

class SocketOfManagerTest : public testing::Test {
 protected:
  void Take(const char* count, int expected, bool for_us = true) {
    EXPECT_EXIT(
        {
          dup2(listening_->descriptor(), 3);
          TakeSocket(std::to_string(getpid() + (for_us ? 0 : 1)).c_str(), count,
                     listening_->port());
        },
        testing::ExitedWithCode(expected), "")
        << count;
  }

  Result<serve::ListenSocket> listening_ = serve::ListenSocket::Open("127.0.0.1", 0);
};

TEST_F(SocketOfManagerTest, RefusesSeveral) { Take("2", 2); }

TEST_F(SocketOfManagerTest, TakesNoneThatIsNotForThisProcess) {
  Take("1", 1, false);
  Take("0", 1);
  Take("x", 1);
  Take("", 1);
}

TEST_F(SocketOfManagerTest, TakesTheOneItWasGiven) { Take("1", 0); }

class WatchdogTimeTest : public testing::Test {
 protected:
  ~WatchdogTimeTest() override {
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
  }
};

TEST_F(WatchdogTimeTest, IsNothingWhereNobodyWantsToKnow) {
  EXPECT_FALSE(WatchdogTime());
  for (const char* time : {"", "0", "-5", "x"}) {
    setenv("WATCHDOG_USEC", time, 1);
    EXPECT_FALSE(WatchdogTime()) << time;
  }
}

TEST_F(WatchdogTimeTest, IsForThisProcessAlone) {
  setenv("WATCHDOG_USEC", "5000000000", 1);
  EXPECT_EQ(WatchdogTime(), std::chrono::seconds(5000));
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(WatchdogTime(), std::chrono::seconds(5000));
  setenv("WATCHDOG_PID", std::to_string(getpid() + 1).c_str(), 1);
  EXPECT_FALSE(WatchdogTime());
  setenv("WATCHDOG_PID", "", 1);
  EXPECT_FALSE(WatchdogTime());
}

class NotifyManagerTest : public testing::Test {
 protected:
  ~NotifyManagerTest() override {
    unsetenv("NOTIFY_SOCKET");
    close(descriptor_);
  }

  void Bind(const std::string& name) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path));
    ASSERT_EQ(bind(descriptor_, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
  }

  std::string Receive() const {
    std::array<char, 100> text{};
    const auto size = recv(descriptor_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

  const int descriptor_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST_F(NotifyManagerTest, IsSilentWhereNobodyListens) {
  unsetenv("NOTIFY_SOCKET");
  NotifyManager("READY=1");
  for (const std::string& path : {std::string(), std::string("/nowhere"), std::string(200, 'x')}) {
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
    NotifyManager("READY=1");
  }
}

TEST_F(NotifyManagerTest, TellsASocketInAFolder) {
  const test::TempDir folder;
  const std::string path = folder.path() / "notify";
  Bind(path);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifyManager("READY=1");
  EXPECT_EQ(Receive(), "READY=1");
}

TEST_F(NotifyManagerTest, TellsAnAbstractSocket) {
  const std::string name = "credmint-test-" + std::to_string(getpid());
  Bind(std::string(1, '\0') + name);
  setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  NotifyManager("STOPPING=1");
  EXPECT_EQ(Receive(), "STOPPING=1");
}

}  // namespace
}  // namespace credmint::daemon
