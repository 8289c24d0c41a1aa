// SPDX-License-Identifier: Apache-2.0
#include "http/curl_transport.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "credmint_version.h"
#include "unit/http/local_server.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPatient = seconds(30);

class CurlTransportTest : public testing::Test {
 protected:
  CurlTransportTest() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                             "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}) {
      unsetenv(name);
    }
  }
  ~CurlTransportTest() override { unsetenv("http_proxy"); }

  static HttpRequest Post(std::uint16_t port) {
    return {"POST", {"http", "127.0.0.1", port, "/base/sessions", ""}, {}, "{}"};
  }

  static Result<HttpResponse> Send(const HttpRequest& request, milliseconds timeout = kPatient,
                                   const TransportOptions& options = {}) {
    return MakeCurlTransport(options)->Send(request, timeout);
  }

  static std::string Peer(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }
};

TEST_F(CurlTransportTest, SaysThatTheConnectionWasRefused) {
  const LoopbackSocket deaf;
  const Result<HttpResponse> response = Send(Post(deaf.port()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(response.error().message,
            "connecting to " + Peer(deaf.port()) + ": connection refused");
}

TEST_F(CurlTransportTest, GivesUpWhenTheTimeIsOver) {
  const LocalServer server([](const std::string&) { return LocalServer::kSilence; });
  const Result<HttpResponse> response = Send(Post(server.port()), milliseconds(200));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(response.error().message,
            "waiting for the answer of " + Peer(server.port()) + ": no answer within 0.2 s");
  EXPECT_EQ(response.error().remedy, Remedy::kAllowMoreTime);
}

TEST_F(CurlTransportTest, SendsNothingWhenNoTimeIsLeft) {
  LocalServer server([](const std::string&) { return LocalServer::kSilence; });
  const Result<HttpResponse> response = Send(Post(server.port()), milliseconds(0));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CurlTransportTest, SaysThatTheConnectionEnded) {
  for (const char* answer : {"", "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf"}) {
    const LocalServer server([answer](const std::string&) { return answer; });
    const Result<HttpResponse> response = Send(Post(server.port()));
    ASSERT_FALSE(response) << answer;
    EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
    EXPECT_EQ(response.error().message, "waiting for the answer of " + Peer(server.port()) +
                                            ": the connection ended before it was complete");
  }
}

TEST_F(CurlTransportTest, RefusesWhatIsNotHttp) {
  const LocalServer server([](const std::string&) { return "220 mail.example.com ESMTP\r\n"; });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(response.error().message,
            "waiting for the answer of " + Peer(server.port()) + ": it is not HTTP");
}

TEST_F(CurlTransportTest, RefusesABodyOfMoreThanOneMebibyte) {
  const LocalServer server([](const std::string&) {
    return "HTTP/1.1 201 Created\r\n\r\n" + std::string((1 << 20) + 1, 'x');
  });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(response.error().message,
            "reading the answer of " + Peer(server.port()) + ": it is longer than 1048576 bytes");
}

TEST_F(CurlTransportTest, RefusesMoreThan64KibibytesOfHeaders) {
  const std::string many = [] {
    std::string fields;
    for (int i = 0; i < 70; ++i) fields += "X-Padding: " + std::string(1000, 'x') + "\r\n";
    return fields;
  }();
  const std::string one = "X-Padding: " + std::string(70'000, 'x') + "\r\n";
  for (const std::string& fields : {many, one}) {
    const LocalServer server(
        [&](const std::string&) { return "HTTP/1.1 201 Created\r\n" + fields + "\r\n"; });
    const Result<HttpResponse> response = Send(Post(server.port()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kServiceAnswer);
    EXPECT_EQ(response.error().message, "reading the answer of " + Peer(server.port()) +
                                            ": its header is longer than 65536 bytes");
  }
}

TEST_F(CurlTransportTest, RefusesAHeaderLineBeyondTheLimitOfLibcurl) {
  const LocalServer server([](const std::string&) {
    return "HTTP/1.1 201 Created\r\nX-Padding: " + std::string(300'000, 'x') + "\r\n\r\n";
  });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kServiceAnswer);
}

TEST_F(CurlTransportTest, SaysThatTlsFailed) {
  const LocalServer server(
      [](const std::string&) { return "HTTP/1.1 400 Bad HttpRequest\r\n\r\n"; });
  HttpRequest request = Post(server.port());
  request.url.scheme = "https";
  const Result<HttpResponse> response = Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTls);
  EXPECT_EQ(response.error().message.find("connecting to " + Peer(server.port()) + ": "), 0U);
}

TEST_F(CurlTransportTest, SaysThatTheCaBundleCannotBeRead) {
  const LocalServer server([](const std::string&) { return LocalServer::kSilence; });
  HttpRequest request = Post(server.port());
  request.url.scheme = "https";
  const Result<HttpResponse> response = Send(request, kPatient, {"missing.pem", true, true});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kLocalIo);
  EXPECT_EQ(response.error().message,
            "connecting to " + Peer(server.port()) + ": the file of trusted CAs cannot be read");
}

TEST_F(CurlTransportTest, RefusesAHeaderWithALineBreak) {
  HttpRequest request = Post(1);
  request.headers = {{"X-Amz-Date", "a\r\nX-Other: b"}};
  const Result<HttpResponse> response = Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kInternal);
  EXPECT_EQ(response.error().message, "the header X-Amz-Date has a line break");
}

TEST_F(CurlTransportTest, FollowsNoRedirect) {
  LocalServer server([&server](const std::string&) {
    return fmt::format("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\n\r\n",
                       server.port());
  });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(CurlTransportTest, SendsTheRequestAsItIs) {
  LocalServer server([](const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  HttpRequest request = Post(server.port());
  request.url.path = "/a/../b%2Fc/sessions";
  request.url.query = "q=1";
  request.headers = {
      {"Host", "example.com"}, {"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = "{\"a\":1}";
  ASSERT_TRUE(Send(request));
  EXPECT_EQ(server.requests(),
            std::vector<std::string>{"POST /a/../b%2Fc/sessions?q=1 HTTP/1.1\r\n"
                                     "Host: example.com\r\n"
                                     "User-Agent: credmint/" CREDMINT_VERSION "\r\n"
                                     "Accept: */*\r\n"
                                     "Content-Type: application/json\r\n"
                                     "X-Empty:\r\n"
                                     "Content-Length: 7\r\n"
                                     "\r\n"
                                     "{\"a\":1}"});
}

TEST_F(CurlTransportTest, DoesNotWaitForPermissionToSendALargeBody) {
  LocalServer server([](const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  HttpRequest request = Post(server.port());
  request.body = std::string(1'100'000, 'x');
  ASSERT_TRUE(Send(request));
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].find("Expect:"), std::string::npos);
}

TEST_F(CurlTransportTest, GivesStatusHeadersAndBody) {
  const LocalServer server([](const std::string&) {
    return "HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n"
           "HTTP/1.1 201 Created\r\nDate:  Thu, 01 Jan 2026 12:00:00 GMT \r\nX-Empty:\r\n"
           "Content-Length: 5\r\n\r\nhello";
  });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->headers, (Headers{{"Date", "Thu, 01 Jan 2026 12:00:00 GMT"},
                                        {"X-Empty", ""},
                                        {"Content-Length", "5"}}));
  EXPECT_EQ(response->body.Reveal(), "hello");
}

TEST_F(CurlTransportTest, TakesABodyOfOneMebibyte) {
  const LocalServer server([](const std::string&) {
    return "HTTP/1.1 201 Created\r\n\r\n" + std::string(1 << 20, 'x');
  });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), std::size_t{1 << 20});
}

TEST_F(CurlTransportTest, CountsAnErrorStatusAsAnAnswer) {
  const LocalServer server(
      [](const std::string&) { return "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"; });
  const Result<HttpResponse> response = Send(Post(server.port()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_TRUE(response->body.empty());
}

TEST_F(CurlTransportTest, NeverProxiesALoopbackHost) {
  LocalServer proxy([](const std::string&) { return "HTTP/1.1 502 Bad Gateway\r\n\r\n"; });
  LocalServer server([](const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  setenv("http_proxy", ("http://" + Peer(proxy.port())).c_str(), 1);
  for (const char* host : {"127.0.0.1", "localhost"}) {
    HttpRequest request = Post(server.port());
    request.url.host = host;
    const Result<HttpResponse> response = Send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 204) << host;
  }
  EXPECT_TRUE(proxy.requests().empty());
}

// 192.0.2.0/24 is reserved for documentation (RFC 5737), so no host answers there.
TEST_F(CurlTransportTest, ProxiesOtherHosts) {
  LocalServer proxy([](const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  setenv("http_proxy", ("http://" + Peer(proxy.port())).c_str(), 1);
  HttpRequest request = Post(80);
  request.url.host = "192.0.2.1";
  const Result<HttpResponse> response = Send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 204);
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_EQ(proxy.requests()[0].find("POST http://192.0.2.1/base/sessions HTTP/1.1\r\n"), 0U);
}

TEST_F(CurlTransportTest, ProxiesNothingWithoutUseProxy) {
  LocalServer proxy([](const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  setenv("http_proxy", ("http://" + Peer(proxy.port())).c_str(), 1);
  HttpRequest request = Post(80);
  request.url.host = "192.0.2.1";
  EXPECT_FALSE(Send(request, milliseconds(50), {"", true, false}));
  EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(CurlTransportTest, NamesTheProxyThatCannotBeReached) {
  const LoopbackSocket deaf;
  setenv("http_proxy", ("http://" + Peer(deaf.port())).c_str(), 1);
  HttpRequest request = Post(80);
  request.url.host = "192.0.2.1";
  const Result<HttpResponse> response = Send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNetwork);
  EXPECT_NE(response.error().message.find(std::to_string(deaf.port())), std::string::npos)
      << response.error().message;
  EXPECT_EQ(response.error().remedy, Remedy::kLeaveOutProxy);
}

}  // namespace
}  // namespace credmint
