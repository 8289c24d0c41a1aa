// SPDX-License-Identifier: Apache-2.0
// Fed: a byte and three texts (records.h). A message bus sends the first two, and the second comes
// with a connection. tpm2-abrmd sends the third over that connection. Bits of the byte say whether
// the bus greets properly, and whether it hands a connection over.
//
// Holds: the call ends, a failure has a reason, and a response fits into its buffer.

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "fuzz/records.h"
#include "fuzz/require.h"
#include "support/temp_dir.h"
#include "tpm2/device/dbus_call.h"
#include "tpm2/device/stream_tcti.h"

namespace credmint::tpm2 {
namespace {

using test::Require;

constexpr std::uint8_t kGreetsAsItLikes = 1;
constexpr std::uint8_t kHandsNothingOver = 2;

/// Sends the bytes, and a descriptor with them if it is there.
void SendAll(int socket, std::string bytes, const Descriptor& handed_over) {
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (handed_over) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = handed_over.get();
    memcpy(CMSG_DATA(rights), &number, sizeof(number));
  }
  sendmsg(socket, &message, MSG_NOSIGNAL);
}

/// A bus at a socket in a folder of its own.
class Bus {
 public:
  Bus() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    folder_.File("bus").copy(address.sun_path, sizeof(address.sun_path) - 1);
    Require(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                listen(listener_.get(), 1) == 0,
            "there is a socket");
  }

  [[nodiscard]] std::string address() const { return "unix:path=" + folder_.File("bus"); }

  /// Serves one client: all is sent at once, whatever the client says.
  void Serve(const std::string& greeting, const std::string& first, const std::string& second,
             const Descriptor& handed_over) {
    // libFuzzer has a timer, whose signal may interrupt any call.
    int number = -1;
    while (number < 0) number = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    const Descriptor client(number);
    SendAll(client.get(), greeting + first, {});
    SendAll(client.get(), second, handed_over);
    shutdown(client.get(), SHUT_WR);
    std::array<char, 4096> ignored{};
    ssize_t size = 1;
    while (size > 0 || (size < 0 && errno == EINTR)) {
      size = recv(client.get(), ignored.data(), ignored.size(), 0);
    }
  }

 private:
  test::TempDir folder_;
  Descriptor listener_;
};

/// Receives responses of the TPM until one fails.
void ReceiveAll(Descriptor socket) {
  TSS2_TCTI_CONTEXT* const context = MakeStreamTcti(std::move(socket));
  Require(context != nullptr, "there is a TCTI");
  const auto receive = reinterpret_cast<TSS2_TCTI_CONTEXT_COMMON_V1*>(context)->receive;
  std::array<std::uint8_t, 4096> response{};
  for (TSS2_RC code = TSS2_RC_SUCCESS; code == TSS2_RC_SUCCESS;) {
    std::size_t size = 0;
    code = receive(context, &size, nullptr, TSS2_TCTI_TIMEOUT_BLOCK);
    if (code != TSS2_RC_SUCCESS) break;
    size = response.size();
    code = receive(context, &size, response.data(), TSS2_TCTI_TIMEOUT_BLOCK);
    Require(code != TSS2_RC_SUCCESS || size <= response.size(), "a response fits");
  }
  FreeStreamTcti(context);
}

void Check(test::Records records) {
  static auto& bus = *new Bus;
  records.all.resize(3);
  std::array<int, 2> sockets{};
  Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) == 0,
          "there are sockets");
  Descriptor ours(sockets[0]);
  Descriptor theirs(sockets[1]);
  SendAll(theirs.get(), records.all[2], {});
  theirs = Descriptor();
  if ((records.choice & kHandsNothingOver) != 0) ours = Descriptor();
  const std::string greeting =
      (records.choice & kGreetsAsItLikes) != 0 ? "" : "OK 0123\r\nAGREE_UNIX_FD\r\n";

  std::thread server([&] { bus.Serve(greeting, records.all[0], records.all[1], ours); });
  DbusAnswer answer = CallOverDbus(bus.address(), {"a.b", "/a/b", "a.b", "Create"});
  server.join();
  Require(!answer.descriptor || (answer.error_name.empty() && answer.system_error == 0),
          "a failure hands nothing over");
  if (answer.descriptor) ReceiveAll(std::move(answer.descriptor));
}

}  // namespace
}  // namespace credmint::tpm2

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return credmint::test::Records::Mutate(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::tpm2::Check(credmint::test::Records::In({data, size}));
  return 0;
}
