// SPDX-License-Identifier: Apache-2.0
#include "http/request_ahead.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "http/curl_transport.h"
#include "unit/http/local_server.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kLongTimeout = seconds(30);
/// Less than libcurl waits at most between two looks at a transfer.
constexpr milliseconds kAtOnce{800};

std::string Created(const std::string&) {
  return "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
}

std::string NoAnswer(const std::string&) { return LocalServer::kSilence; }

class RequestAheadTest : public testing::Test {
 protected:
  RequestAheadTest() {
    for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  }

  static HttpRequest Unsigned(std::uint16_t port) {
    return {"POST", {"http", "127.0.0.1", port, "/sessions", ""}, {{"Accept", "*/*"}}, "{}"};
  }
  static HttpRequest Signed(std::uint16_t port) {
    HttpRequest request = Unsigned(port);
    request.headers.emplace_back("Authorization", "a signature");
    return request;
  }

  const std::unique_ptr<Transport> transport_ = MakeCurlTransport({});
};

TEST_F(RequestAheadTest, SendsTheHeaderFieldsThatComeLater) {
  LocalServer server(Created);
  transport_->Prepare(Unsigned(server.port()), kLongTimeout);
  transport_->AwaitConnection();
  EXPECT_TRUE(server.requests().empty());
  const auto response = transport_->Send(Signed(server.port()), kLongTimeout);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string request = server.requests().front();
  EXPECT_NE(request.find("\r\nAuthorization: a signature\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find("Accept: */*"), request.rfind("Accept: */*")) << "twice";
}

TEST_F(RequestAheadTest, IsNotUsedForAnotherRequest) {
  LocalServer server(Created);
  transport_->Prepare(Unsigned(server.port()), kLongTimeout);
  HttpRequest other = Signed(server.port());
  other.body = "[]";
  ASSERT_TRUE(transport_->Send(other, kLongTimeout));
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(server.requests().front().ends_with("\r\n\r\n[]"));
}

TEST_F(RequestAheadTest, SendsNothingIfNobodyFinishesIt) {
  LocalServer server(Created);
  transport_->Prepare(Unsigned(server.port()), kLongTimeout);
  transport_->AwaitConnection();
  transport_->Close();
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(RequestAheadTest, EndsAtOnceWhileAHandshakeHangs) {
  LocalServer server(NoAnswer);
  HttpRequest request = Unsigned(server.port());
  request.url.scheme = "https";
  transport_->Prepare(request, kLongTimeout);
  while (server.requests().empty()) std::this_thread::sleep_for(milliseconds(1));  // its hello
  const auto start = steady_clock::now();
  transport_->Close();
  EXPECT_LT(steady_clock::now() - start, kAtOnce);
}

TEST_F(RequestAheadTest, GivesUpWhenTheTimeOfTheRequestIsOver) {
  const LocalServer server(NoAnswer);
  transport_->Prepare(Unsigned(server.port()), kLongTimeout);
  transport_->AwaitConnection();
  const auto start = steady_clock::now();
  const auto response = transport_->Send(Signed(server.port()), milliseconds(100));
  EXPECT_LT(steady_clock::now() - start, kAtOnce);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
}

TEST_F(RequestAheadTest, SaysThatConnectingTookAllTheTime) {
  const LocalServer server(NoAnswer);
  HttpRequest request = Signed(server.port());
  request.url.scheme = "https";
  transport_->Prepare(request, milliseconds(200));
  transport_->AwaitConnection();
  const auto response = transport_->Send(request, milliseconds(0));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(response.error().message.ends_with("no answer within 0.2 s"))
      << response.error().message;
}

TEST_F(RequestAheadTest, FailsAsAConnectionThatIsMadeToSend) {
  const LoopbackSocket deaf;
  transport_->Prepare(Unsigned(deaf.port()), kLongTimeout);
  transport_->AwaitConnection();
  const auto response = transport_->Send(Signed(deaf.port()), kLongTimeout);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
}

TEST_F(RequestAheadTest, IsMadeAgainAfterItWasAbandonedForAFork) {
  LocalServer server(Created);
  transport_->Prepare(Unsigned(server.port()), kLongTimeout);
  transport_->AwaitConnection();
  RequestAhead::AbandonAll();
  ASSERT_TRUE(transport_->Send(Signed(server.port()), kLongTimeout));
  EXPECT_EQ(server.requests().size(), 1U);
}

}  // namespace
}  // namespace credmint
