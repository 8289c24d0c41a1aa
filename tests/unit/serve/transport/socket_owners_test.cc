// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/socket_owners.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "serve/transport/socket_program.h"

namespace credmint::serve {
namespace {

/// Listens on all IPv6 addresses, and so on those of IPv4, too.
class SocketOwnersTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    listener_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int off = 0;
    setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    address_.sin6_family = AF_INET6;
    address_.sin6_addr = in6addr_any;
    ASSERT_EQ(bind(listener_, Generic(address_), sizeof(address_)), 0);
    ASSERT_EQ(listen(listener_, 8), 0);
    socklen_t size = sizeof(address_);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
  }
  void TearDown() override {
    for (const int descriptor : {listener_, client_, accepted_}) {
      if (descriptor >= 0) close(descriptor);
    }
  }

  template <typename Address>
  static const sockaddr* Generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
  }

  int Connect(const std::string& host) const {
    sockaddr_in6 ipv6 = address_;
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = address_.sin6_port;
    const bool is_ipv4 = inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr) == 1;
    inet_pton(AF_INET6, host.c_str(), &ipv6.sin6_addr);
    const int made = socket(is_ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(is_ipv4 ? connect(made, Generic(ipv4), sizeof(ipv4))
                      : connect(made, Generic(ipv6), sizeof(ipv6)),
              0);
    return made;
  }

  void ConnectAndAccept(const std::string& host) {
    client_ = Connect(host);
    accepted_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    ASSERT_GE(accepted_, 0);
  }

  static std::uint64_t InodeOf(int descriptor) {
    struct stat status {};
    fstat(descriptor, &status);
    return status.st_ino;
  }

  sockaddr_in6 address_{};
  int listener_ = -1;
  int client_ = -1;
  int accepted_ = -1;
};

TEST_P(SocketOwnersTest, AreKnown) {
  ConnectAndAccept(GetParam());
  EXPECT_TRUE(IsOverLoopback(accepted_));
  const auto owner = SocketOwners(listener_).OfPeer(accepted_);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->user, geteuid());
  EXPECT_EQ(owner->inode, InodeOf(client_));
}

TEST_P(SocketOwnersTest, AreKnownWithoutNetlink) {
  ConnectAndAccept(GetParam());
  const auto owner = SocketOwners(-1).OfPeer(accepted_);
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->user, geteuid());
  EXPECT_EQ(owner->inode, InodeOf(client_));
}

TEST_P(SocketOwnersTest, AreOtherUsers) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  std::array<int, 2> end{};
  ASSERT_EQ(pipe(end.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(end[1]);
    const bool is_other = setuid(4001) == 0;
    if (is_other) Connect(GetParam());
    char none = 0;
    [[maybe_unused]] const auto until_closed = read(end[0], &none, 1);
    _exit(is_other ? 0 : 1);
  }
  close(end[0]);
  accepted_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  for (const int listener : {listener_, -1}) {
    const auto owner = SocketOwners(listener).OfPeer(accepted_);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->user, 4001U);
  }
  close(end[1]);
  waitpid(child, nullptr, 0);
}

TEST_P(SocketOwnersTest, AreNotKnownOnceTheSocketIsClosed) {
  ConnectAndAccept(GetParam());
  close(client_);
  client_ = -1;
  for (const int listener : {listener_, -1}) {
    EXPECT_FALSE(SocketOwners(listener).OfPeer(accepted_));
  }
}

TEST(SocketStates, OfAPeerAreThoseOfAConnection) {
  for (const int state : {TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_CLOSE_WAIT}) {
    EXPECT_TRUE(CanBePeer(state)) << state;
  }
  for (const int state : {TCP_SYN_SENT, TCP_SYN_RECV, TCP_LISTEN, TCP_TIME_WAIT, TCP_CLOSE}) {
    EXPECT_FALSE(CanBePeer(state)) << state;
  }
}

INSTANTIATE_TEST_SUITE_P(Addresses, SocketOwnersTest,
                         testing::Values("127.0.0.1", "::1", "::ffff:127.0.0.1"));

TEST(SocketPrograms, AreFoundByTheirSocket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  struct stat status {};
  fstat(ends[0], &status);
  const auto program = FindSocketProgram(status.st_ino);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->process, getpid());
  close(ends[0]);
  close(ends[1]);
  EXPECT_FALSE(FindSocketProgram(status.st_ino));
}

}  // namespace
}  // namespace credmint::serve
