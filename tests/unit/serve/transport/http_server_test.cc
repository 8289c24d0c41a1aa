// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace credmint::serve {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

/// No response ends with this text.
constexpr const char* kNever = "never";

/// A connection that sends raw bytes.
class Client {
 public:
  explicit Client(std::uint16_t port, int min_hop_limit = 0)
      : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (min_hop_limit > 0) {  // drops packets with a lower hop limit
      setsockopt(descriptor_, IPPROTO_IP, IP_MINTTL, &min_hop_limit, sizeof(min_hop_limit));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Client() { close(descriptor_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool Send(const std::string& text) const {
    return send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

  /// Receives until the text ends with `end`, the connection is closed, or the time has passed.
  std::string Receive(const std::string& end, seconds time = seconds(20)) const {
    const auto deadline = steady_clock::now() + time;
    std::string text;
    while (!text.ends_with(end) || text.empty()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      pollfd waiting{descriptor_, POLLIN, 0};
      if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
      std::array<char, 4096> part{};
      const auto size = recv(descriptor_, part.data(), part.size(), 0);
      if (size <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

  /// Whether the server closes the connection within this time.
  [[nodiscard]] bool IsClosedWithin(seconds time) const {
    const auto start = steady_clock::now();
    Receive(kNever, time);
    return steady_clock::now() - start < time;
  }

 private:
  const int descriptor_;
};

std::string StatusLine(const std::string& response) { return response.substr(0, 12); }

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServer::Handler handler, HttpServerOptions options = {}) {
    auto socket = ListenSocket::Open("127.0.0.1", 0);
    port_ = socket->port();
    auto server = HttpServer::Start(*std::move(socket), std::move(handler), waiting_, options);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  /// Starts a server that responds with a description of the request.
  void StartEcho(HttpServerOptions options = {}) {
    const auto echo = [](const Request& request) {
      std::string text = request.method + " " + request.path;
      for (const auto& [name, value] : request.headers) {
        text.append("\n").append(name).append("=").append(value);
      }
      Response response = TextResponse(200, text + "\nend");
      response.headers.emplace_back("X-Answer", "yes");
      return response;
    };
    Start(echo, options);
  }

  std::uint16_t port_ = 0;
  WaitingRequests waiting_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, RefusesWhatIsTooLong) {
  StartEcho();
  const Client fields(port_);
  fields.Send("GET / HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 16; ++i) fields.Send("X-Long: " + std::string(65536, 'x') + "\r\n");
  EXPECT_EQ(StatusLine(fields.Receive(kNever)), "HTTP/1.1 431");
  const Client line(port_);
  line.Send("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n");
  EXPECT_EQ(StatusLine(line.Receive(kNever)), "HTTP/1.1 414");
}

TEST_F(HttpServerTest, RefusesBodies) {
  StartEcho();
  for (const char* field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    const Client client(port_);
    client.Send(std::string("PUT / HTTP/1.1\r\nHost: a\r\n") + field + "\r\n\r\n");
    EXPECT_EQ(StatusLine(client.Receive("}")), "HTTP/1.1 413") << field;
  }
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttp) {
  std::atomic<int> calls = 0;
  Start([&](const Request&) {
    ++calls;
    return TextResponse(200, "end");
  });
  for (const char* text : {"\r\n\r\n\r\n", "x\r\n\r\n", "\x16\x03\x01\r\n\r\n",
                           "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    const Client client(port_);
    client.Send(text);
    EXPECT_NE(StatusLine(client.Receive("end", seconds(1))), "HTTP/1.1 200") << text;
  }
  EXPECT_EQ(calls, 0);
}

TEST_F(HttpServerTest, ClosesOnWhomDripsAndOnWhomIsSilent) {
  StartEcho({.patience = seconds(1)});
  const Client silent(port_);
  const Client dripping(port_);
  dripping.Send("GET / HTTP/1.1\r\nX-Slow: ");
  const auto start = steady_clock::now();
  while (dripping.Send("x") && steady_clock::now() - start < seconds(10)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_LT(steady_clock::now() - start, seconds(5));
  EXPECT_TRUE(silent.IsClosedWithin(seconds(5)));
}

TEST_F(HttpServerTest, WhoWaitsDoesNotHoldUpOthersAndIsAnsweredWhenWoken) {
  std::atomic<bool> ready = false;
  std::atomic<int> asked = 0;
  Start([&](const Request& request) {
    if (request.path != "/slow") return TextResponse(200, "end");
    ++asked;
    return ready ? TextResponse(200, "late end") : NotYet();
  });
  const Client slow(port_);
  slow.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  const Client fast(port_);
  for (int i = 0; i < 10; ++i) {
    fast.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(StatusLine(fast.Receive("end")), "HTTP/1.1 200");
  }
  EXPECT_EQ(slow.Receive("end", seconds(1)), "");
  EXPECT_EQ(asked, 1);
  waiting_.Wake();  // the response is not ready yet
  EXPECT_EQ(slow.Receive("end", seconds(1)), "");
  EXPECT_EQ(asked, 2);
  ready = true;
  waiting_.Wake();
  EXPECT_TRUE(slow.Receive("end").ends_with("\r\n\r\nlate end"));
  slow.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(StatusLine(slow.Receive("end")), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, IsAskedAgainIfItIsWokenBeforeTheRequestIsLaidAside) {
  std::atomic<int> asked = 0;
  Start([&](const Request&) {
    if (++asked > 1) return TextResponse(200, "end");
    waiting_.Wake();
    return NotYet();
  });
  const Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(StatusLine(client.Receive("end")), "HTTP/1.1 200");
  EXPECT_EQ(asked, 2);
}

TEST_F(HttpServerTest, EndsAtOnceWhileRequestsWait) {
  std::promise<void> asked;
  Start([&](const Request&) {
    asked.set_value();
    return NotYet();
  });
  const Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.get_future().wait();
  const auto start = steady_clock::now();
  server_.reset();
  EXPECT_LT(steady_clock::now() - start, std::chrono::milliseconds(500));
  EXPECT_TRUE(client.IsClosedWithin(seconds(5)));
  waiting_.Wake();
}

TEST_F(HttpServerTest, CountsItsConnectionsAndTurnsWhileNobodyAsks) {
  StartEcho();
  EXPECT_EQ(server_->connections(), 0U);
  {
    const Client client(port_);
    client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.Receive("end");
    EXPECT_EQ(server_->connections(), 1U);
  }
  std::this_thread::sleep_for(seconds(3));
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_LT(server_->SinceTurn(), seconds(2));
}

TEST_F(HttpServerTest, TellsHowLongItHasBeenStuck) {
  std::promise<void> stuck;
  std::promise<void> free;
  Start([&](const Request&) {
    stuck.set_value();
    free.get_future().wait();
    return TextResponse(200, "end");
  });
  const Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  stuck.get_future().wait();
  std::this_thread::sleep_for(seconds(2));
  EXPECT_GE(server_->SinceTurn(), seconds(2));
  free.set_value();
}

TEST_F(HttpServerTest, StrangersGiveWayToOneConnectionMoreThanAllowed) {
  Start(
      [](const Request& request) {
        return Proven(TextResponse(200, "end"),
                      request.path == "/known" ? Proof::kMetadataToken : Proof::kNone);
      },
      {.max_connections = 2});
  const Client known(port_);
  known.Send("GET /known HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(StatusLine(known.Receive("end")), "HTTP/1.1 200");
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<std::unique_ptr<Client>> strangers;
  for (int i = 0; i < 50; ++i) {
    strangers.push_back(std::make_unique<Client>(port_));
    strangers.back()->Send(request);
    EXPECT_EQ(StatusLine(strangers.back()->Receive("end")), "HTTP/1.1 200") << i;
    if (i > 0) {
      EXPECT_TRUE(strangers[i - 1]->IsClosedWithin(seconds(5))) << i;
    }
  }
  known.Send(request);
  EXPECT_EQ(StatusLine(known.Receive("end")), "HTTP/1.1 200");
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(HttpServerTest, ARefusalIsTheLastAnswer) {
  std::atomic<int> status = 200;
  Start([&](const Request&) { return TextResponse(status, "end"); });
  for (const int refusal : {400, 401, 403, 404, 405}) {
    const Client client(port_);
    status = 503;
    client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(StatusLine(client.Receive("end")), "HTTP/1.1 503");
    status = refusal;
    client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(client.Receive("end").find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.IsClosedWithin(seconds(5))) << refusal;
  }
}

TEST_F(HttpServerTest, AnOldConnectionEndsWithAnAnswer) {
  StartEcho({.longest_life = seconds(1)});
  const Client client(port_);
  const auto ask = [&] {
    client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.Receive("end").find("\r\nConnection: close\r\n") != std::string::npos;
  };
  const auto start = steady_clock::now();
  while (!ask() && steady_clock::now() - start < seconds(10)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_GE(steady_clock::now() - start, std::chrono::milliseconds(900));
  EXPECT_TRUE(client.IsClosedWithin(seconds(5)));
}

TEST_F(HttpServerTest, ClientsThatGaveUpWhileTheyWaitedAreNoticed) {
  std::atomic<int> asked = 0;
  std::atomic<bool> ready = false;
  Start([&](const Request&) {
    ++asked;
    return ready ? TextResponse(200, "end") : NotYet();
  });
  const Client patient(port_);
  patient.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<Client>(port_));
      clients.back()->Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    while (asked < 21) std::this_thread::yield();
  }
  const auto start = steady_clock::now();
  while (server_->connections() > 1 && steady_clock::now() - start < seconds(10)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(server_->connections(), 1U);
  EXPECT_EQ(asked, 21);
  ready = true;
  waiting_.Wake();
  EXPECT_EQ(StatusLine(patient.Receive("end")), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, SilentConnectionsGiveWayToOthers) {
  StartEcho({.max_connections = 2, .patience = seconds(1)});
  const Client first(port_);
  const Client second(port_);
  const Client third(port_);
  third.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(StatusLine(third.Receive("end", seconds(10))), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, HandsOverTheRequestAndTheAnswer) {
  StartEcho();
  const Client client(port_);
  client.Send("GET //role/we%62?x=1 HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n");
  const std::string response = client.Receive("end");
  EXPECT_EQ(StatusLine(response), "HTTP/1.1 200");
  EXPECT_NE(response.find("X-Answer: yes\r\n"), std::string::npos);
  EXPECT_NE(response.find("\r\n\r\nGET //role/web\nHost=a\nX-Twice=1\nX-Twice=2\nend"),
            std::string::npos)
      << response;
}

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  StartEcho();
  const Client client(port_);
  for (int i = 0; i < 100; ++i) {
    client.Send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    ASSERT_EQ(StatusLine(client.Receive("end")), "HTTP/1.1 200") << i;
  }
}

TEST_F(HttpServerTest, AnswersToPutGoNoFurtherThanTheHopLimit) {
  StartEcho({.hop_limit = 5});
  const Client near(port_, 5);
  near.Send("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(StatusLine(near.Receive("end")), "HTTP/1.1 200");
  const Client far(port_, 6);
  far.Send("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(far.Receive("end", seconds(1)), "");
  const Client reader(port_, 6);
  reader.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(StatusLine(reader.Receive("end")), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, RefusesAnImpossibleHopLimit) {
  auto socket = ListenSocket::Open("127.0.0.1", 0);
  WaitingRequests waiting;
  const auto server = HttpServer::Start(
      *std::move(socket), [](const Request&) { return Response(); }, waiting, {.hop_limit = 256});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kLocalIo);
}

}  // namespace
}  // namespace credmint::serve
