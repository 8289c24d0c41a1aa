// SPDX-License-Identifier: Apache-2.0
// Fed: a byte that says who the client is, and the bytes that it sends over TCP. They go through
// libmicrohttpd into the routes. A $M in them is replaced by a valid metadata token of this user,
// and a $C by the token for containers. A last request follows that ends the connection.
//
// Holds: all that comes back is HTTP. Nobody gets credentials without a token, and no user who may
// have no role gets them with one. No answer has the token for containers.

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "credentials/credential_source.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "serve/api/routes.h"
#include "serve/transport/http_server.h"

namespace credmint::serve {
namespace {

using test::Require;

constexpr std::string_view kSecret = "a-secret-access-key";
constexpr std::string_view kContainerToken = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kMetadataTokenMark = "$M";
constexpr std::string_view kContainerTokenMark = "$C";

/// Ends what the bytes before it began. If the client only shut down its half, the library would
/// see that as late as at its time limit.
constexpr std::string_view kLastRequest =
    "\r\n\r\nGET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// The user of the client. The last two may have no role.
enum class Who : std::uint8_t { kThisUser, kOneOfTheRole, kOther, kUnknown };

class Source final : public CredentialSource {
 public:
  Result<Credentials> Get() override {
    return Credentials{"ASIAEXAMPLE", Secret(kSecret), Secret("token"),
                       std::chrono::system_clock::now() + std::chrono::hours(1), "111122223333"};
  }
};

class Server {
 public:
  Server() : roles_(MakeRoles()), routes_(roles_, Secret(kContainerToken), "127.0.0.1") {
    auto socket = ListenSocket::Open("127.0.0.1", 0);
    Require(socket.has_value(), "a port is free");
    port_ = socket->port();
    auto server = HttpServer::Start(
        *std::move(socket), [this](const Request& request) { return Answer(request); }, waiting_,
        {.patience = std::chrono::seconds(1), .asks_for_users = true});
    Require(server.has_value(), "the server starts");
    server_ = *std::move(server);
  }

  std::string MetadataToken() {
    return std::string(
        routes_
            .Answer({"PUT",
                     "/latest/api/token",
                     {{"Host", "localhost"}, {"X-aws-ec2-metadata-token-ttl-seconds", "600"}},
                     {true, getuid(), 1}})
            .body->Reveal());
  }

  /// Sends the bytes as this client and returns all that comes back.
  std::string Exchange(Who who, std::string_view bytes) {
    who_ = who;
    const Descriptor socket = Connect();
    send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string answer;
    std::array<char, 4096> part{};
    for (;;) {
      const auto size = recv(socket.get(), part.data(), part.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return answer;
      answer.append(part.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  static constexpr uid_t kUserOfTheRole = 4000;

  static std::vector<ServedRole> MakeRoles() {
    auto allowed = AllowedUsers::Resolve({std::to_string(kUserOfTheRole)});
    std::vector<ServedRole> roles;
    for (const char* name : {"web", "batch"}) {
      roles.push_back({name, "111122223333", "aws", "eu-central-1", std::make_shared<Source>(),
                       allowed.value_or(AllowedUsers())});
    }
    return roles;
  }

  /// A closed connection keeps its two addresses and ports for a minute. So there are too few ports
  /// of one address, and another one is taken after each thousand connections.
  Descriptor Connect() {
    constexpr unsigned kOfEach = 1000;
    constexpr int kTries = 10;
    for (int tries = 0; tries < kTries; ++tries, connections_ += kOfEach) {
      Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int without_port = 1;
      setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &without_port,
                 sizeof(without_port));
      const unsigned number = ++connections_ / kOfEach % 0x10000;
      const sockaddr_in own = AddressOf(INADDR_LOOPBACK + 0x10000 + number, 0);
      const sockaddr_in server = AddressOf(INADDR_LOOPBACK, port_);
      if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)) == 0 &&
          Connects(socket.get(), server)) {
        return socket;
      }
    }
    Require(false, "the server accepts a connection");
    return {};
  }

  /// libFuzzer has a timer, whose signal may interrupt any call.
  static bool Connects(int socket, const sockaddr_in& address) {
    if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      return true;
    }
    if (errno != EINTR) return false;
    pollfd connected{socket, POLLOUT, 0};
    while (poll(&connected, 1, -1) < 0 && errno == EINTR) {
    }
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  static sockaddr_in AddressOf(in_addr_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(host);
    return address;
  }

  Response Answer(Request request) {
    Require(request.client.user == getuid(), "the kernel says who the client is");
    if (who_ == Who::kOneOfTheRole) request.client.user = kUserOfTheRole;
    if (who_ == Who::kOther) request.client.user = kUserOfTheRole + 1;
    if (who_ == Who::kUnknown) request.client.user = std::nullopt;
    return routes_.Answer(request);
  }

  ServedRoles roles_;
  Routes routes_;
  WaitingRequests waiting_;
  std::atomic<Who> who_ = Who::kThisUser;
  std::uint16_t port_ = 0;
  unsigned connections_ = 0;
  std::unique_ptr<HttpServer> server_;
};

std::string Replaced(std::string text, std::string_view mark, std::string_view value) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    text.replace(at, mark.size(), value);
    at += value.size();
  }
  return text;
}

void Check(test::Input input) {
  static auto& server = *new Server;
  static const std::string metadata_token = server.MetadataToken();
  const auto who = static_cast<Who>(input.Byte() % 4);
  const std::string given(input.Rest());
  const std::string sent = Replaced(Replaced(given, kMetadataTokenMark, metadata_token),
                                    kContainerTokenMark, kContainerToken) +
                           std::string(kLastRequest);
  const std::string answer = server.Exchange(who, sent);
  Require(answer.empty() || answer.starts_with("HTTP/1."), "an answer is HTTP");
  Require(answer.find(kContainerToken) == std::string::npos, "no answer has the token");
  if (answer.find(kSecret) == std::string::npos) return;
  const bool metadata = sent.find(metadata_token) != std::string::npos;
  const bool container = sent.find(kContainerToken) != std::string::npos;
  Require((metadata && who == Who::kThisUser) ||
              (container && (who == Who::kThisUser || who == Who::kOneOfTheRole)),
          "credentials are for a user of the role with a token");
}

}  // namespace
}  // namespace credmint::serve

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::serve::Check(credmint::test::Input(data, size));
  return 0;
}
