// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/listen_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace credmint::serve {
namespace {

TEST(ListenSocketTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "localhost", "127.0.0.1:80", "127.1", "[127.0.0.1", "::1]"}) {
    const auto opened = ListenSocket::Open(address, 0);
    ASSERT_FALSE(opened) << address;
    EXPECT_EQ(opened.error().code, ErrorCode::kUsage) << address;
  }
}

TEST(ListenSocketTest, RefusesAPortInUseAndAStrangeAddress) {
  const auto first = ListenSocket::Open("127.0.0.1", 0);
  const auto second = ListenSocket::Open("127.0.0.1", first->port());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kLocalIo);
  EXPECT_EQ(second.error().remedy, Remedy::kChoosePort);
  EXPECT_EQ(ListenSocket::Open("192.0.2.1", 0).error().code, ErrorCode::kLocalIo);
}

TEST(ListenSocketTest, AdoptsNothingElse) {
  const int idle = socket(AF_INET, SOCK_STREAM, 0);
  const int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  EXPECT_FALSE(ListenSocket::Adopt(idle));
  EXPECT_FALSE(ListenSocket::Adopt(datagrams));
  EXPECT_FALSE(ListenSocket::Adopt(1000));
}

TEST(ListenSocketTest, AdoptsOneThatListens) {
  auto opened = ListenSocket::Open("127.0.0.1", 0);
  const auto port = opened->port();
  const auto adopted = ListenSocket::Adopt(opened->Release());
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->port(), port);
  EXPECT_EQ(adopted->address(), "127.0.0.1");
}

TEST(ListenSocketTest, KnowsHowUrlsNameIt) {
  auto ipv4 = ListenSocket::Open("127.0.0.1", 0);
  EXPECT_EQ(ipv4->Authority(), "127.0.0.1:" + std::to_string(ipv4->port()));
  for (const char* address : {"::1", "[::1]"}) {
    auto ipv6 = ListenSocket::Open(address, 0);
    ASSERT_TRUE(ipv6) << ipv6.error().message;
    EXPECT_EQ(ipv6->address(), "::1");
    EXPECT_EQ(ipv6->Authority(), "[::1]:" + std::to_string(ipv6->port()));
  }
}

}  // namespace
}  // namespace credmint::serve
