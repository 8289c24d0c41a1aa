// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/dbus_call.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace credmint::tpm2 {
namespace {

using std::chrono::steady_clock;

/// The time that GLib's client waits for a reply, too: the bus may have to start the callee first.
constexpr std::chrono::seconds kAnswerPatience(25);
constexpr std::size_t kFixedHeader = 16;
constexpr std::size_t kLongestMessage = 1 << 20;
constexpr char kLittle = 'l';
constexpr char kBig = 'B';
constexpr char kOwnOrder = std::endian::native == std::endian::little ? kLittle : kBig;
constexpr std::uint8_t kCall = 1;
constexpr std::uint8_t kReturn = 2;
constexpr std::uint8_t kError = 3;
enum Field : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
};

std::size_t Padded(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

/// The path of a Unix socket in one server address ("unix:path=/run/bus,guid=…"). An abstract
/// socket has a NUL in front. Empty for any other address.
std::string SocketPath(std::string_view address) {
  constexpr std::string_view kUnix = "unix:";
  if (!address.starts_with(kUnix)) return {};
  address.remove_prefix(kUnix.size());
  while (!address.empty()) {
    const std::string_view pair = address.substr(0, address.find(','));
    address.remove_prefix(std::min(pair.size() + 1, address.size()));
    const bool abstract = pair.starts_with("abstract=");
    if (!abstract && !pair.starts_with("path=")) continue;
    std::string path(abstract ? 1 : 0, '\0');
    const std::string_view value = pair.substr(pair.find('=') + 1);
    for (std::size_t i = 0; i < value.size(); ++i) {
      unsigned byte = 0;
      if (value[i] == '%' && sscanf(value.data() + i, "%%%2x", &byte) == 1) {
        path += static_cast<char>(byte);
        i += 2;
      } else {
        path += value[i];
      }
    }
    return path;
  }
  return {};
}

std::vector<std::string> SocketPaths(std::string_view addresses) {
  std::vector<std::string> paths;
  while (!addresses.empty()) {
    const std::string_view address = addresses.substr(0, addresses.find(';'));
    addresses.remove_prefix(std::min(address.size() + 1, addresses.size()));
    if (auto path = SocketPath(address); !path.empty()) paths.push_back(std::move(path));
  }
  return paths;
}

Descriptor ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  path.copy(address.sun_path, path.size());
  const bool abstract = path.front() == '\0';
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  Descriptor socket_owner(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket_owner &&
      connect(socket_owner.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return {};
  }
  return socket_owner;
}

/// Writes the header of a message. A message without arguments has nothing else.
class CallWriter {
 public:
  CallWriter(const DbusMethod& method, std::uint32_t serial) {
    bytes_ = {kOwnOrder, static_cast<char>(kCall), 0, 1};
    Number(0);  // size of the body
    Number(serial);
    Number(0);  // size of the fields, below
    Text(kPath, 'o', method.path);
    Text(kDestination, 's', method.destination);
    Text(kInterface, 's', method.interface);
    Text(kMember, 's', method.member);
    const auto size = static_cast<std::uint32_t>(bytes_.size() - kFixedHeader);
    memcpy(&bytes_[kFixedHeader - sizeof size], &size, sizeof size);
    bytes_.resize(Padded(bytes_.size(), 8));
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void Number(std::uint32_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Text(Field field, char type, const std::string& text) {
    bytes_.resize(Padded(bytes_.size(), 8));
    bytes_ += {static_cast<char>(field), 1, type, '\0'};
    Number(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
    bytes_ += '\0';
  }

  std::string bytes_;
};

/// The relevant parts of a received message.
struct Message {
  std::uint8_t type = 0;
  std::uint32_t reply_serial = 0;
  std::string error_name;
  std::string text;  ///< the first argument, if it may be a text
};

/// Reads numbers and texts with the alignment of D-Bus. Past the end, returns zeros and empty
/// texts.
class Reader {
 public:
  Reader(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  [[nodiscard]] bool AtEnd() const { return at_ >= bytes_.size(); }
  void Align(std::size_t alignment) { at_ = Padded(at_, alignment); }
  std::uint8_t Byte() { return AtEnd() ? 0 : static_cast<std::uint8_t>(bytes_[at_++]); }
  std::uint32_t Number() {
    Align(sizeof(std::uint32_t));
    std::uint32_t value = 0;
    if (at_ + sizeof value <= bytes_.size()) memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string Text(std::size_t size) {
    std::string text(at_ < bytes_.size() ? bytes_.substr(at_, size) : std::string_view());
    at_ += size + 1;
    return text;
  }

 private:
  std::string_view bytes_;
  std::size_t at_;
};

Message Parse(std::string_view bytes, std::size_t fields_size) {
  Message message;
  message.type = static_cast<std::uint8_t>(bytes[1]);
  Reader fields(bytes.substr(0, kFixedHeader + fields_size), kFixedHeader);
  while (!fields.AtEnd()) {
    fields.Align(8);
    const std::uint8_t field = fields.Byte();
    const std::string type = fields.Text(fields.Byte());
    if (type == "u") {
      const std::uint32_t value = fields.Number();
      if (field == kReplySerial) message.reply_serial = value;
    } else if (type == "g") {
      fields.Text(fields.Byte());
    } else if (type == "s" || type == "o") {
      std::string value = fields.Text(fields.Number());
      if (field == kErrorName) message.error_name = std::move(value);
    } else {
      break;
    }
  }
  if (message.type == kError) {
    Reader body(bytes, Padded(kFixedHeader + fields_size, 8));
    message.text = body.Text(body.Number());
  }
  return message;
}

/// A connection to a bus.
class Bus {
 public:
  explicit Bus(Descriptor socket) : socket_(std::move(socket)) {}

  /// Returns false on failure, with errno set.
  bool Authenticate() {
    std::string hex;
    for (const char digit : std::to_string(geteuid())) hex += fmt::format("{:02x}", digit);
    if (!Write(std::string(1, '\0') + "AUTH EXTERNAL " + hex + "\r\n")) return false;
    if (!ReadLine().starts_with("OK ")) return Refused();
    if (!Write("NEGOTIATE_UNIX_FD\r\n")) return false;
    if (!ReadLine().starts_with("AGREE_UNIX_FD")) return Refused();
    return Write("BEGIN\r\n");
  }

  DbusAnswer Call(const DbusMethod& method) {
    DbusAnswer answer;
    const std::uint32_t serial = ++serial_;
    if (!Write(CallWriter(method, serial).bytes())) return Failed();
    for (;;) {
      Descriptor descriptor;
      Message message;
      if (!ReadMessage(message, descriptor)) return Failed();
      if (message.reply_serial != serial) continue;
      if (message.type == kReturn) answer.descriptor = std::move(descriptor);
      if (message.type == kError) {
        answer.error_name = message.error_name.empty() ? "error" : message.error_name;
        answer.error_text = message.text;
      }
      return answer;
    }
  }

  static DbusAnswer Failed() {
    DbusAnswer answer;
    answer.system_error = errno != 0 ? errno : EIO;
    return answer;
  }

 private:
  static bool Refused() {
    if (errno == 0) errno = EACCES;
    return false;
  }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  bool WaitForMore() {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady_clock::now())
              .count();
      pollfd wanted{socket_.get(), POLLIN, 0};
      const int ready = left > 0 ? poll(&wanted, 1, static_cast<int>(left)) : 0;
      if (ready > 0) return true;
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) errno = ETIMEDOUT;
      return false;
    }
  }

  /// Appends `count` bytes. The first descriptor that comes with them goes to `descriptor`; any
  /// others are closed.
  bool Read(std::string& bytes, std::size_t count, Descriptor& descriptor) {
    while (count > 0) {
      if (!WaitForMore()) return false;
      std::array<char, 4096> buffer{};
      iovec part{buffer.data(), std::min(count, buffer.size())};
      constexpr std::size_t kDescriptors = 16;
      alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptors * sizeof(int))> control{};
      msghdr header{};
      header.msg_iov = &part;
      header.msg_iovlen = 1;
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      const ssize_t got = recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
      if (got < 0 && errno == EINTR) continue;
      if (got == 0) errno = ECONNRESET;
      if (got <= 0) return false;
      Keep(header, descriptor);
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
      count -= static_cast<std::size_t>(got);
    }
    return true;
  }

  static void Keep(msghdr& header, Descriptor& descriptor) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
        Descriptor owner(number);
        if (!descriptor) descriptor = std::move(owner);
      }
    }
  }

  /// Empty on failure, with errno set; errno is 0 if the line is too long.
  std::string ReadLine() {
    constexpr std::size_t kLongestLine = 1024;
    std::string line;
    Descriptor none;
    while (!line.ends_with("\r\n")) {
      if (!Read(line, 1, none)) return {};
      if (line.size() > kLongestLine) {
        errno = EPROTO;
        return {};
      }
    }
    errno = 0;
    return line;
  }

  bool ReadMessage(Message& message, Descriptor& descriptor) {
    std::string bytes;
    if (!Read(bytes, kFixedHeader, descriptor)) return false;
    std::uint32_t body_size = 0;
    std::uint32_t fields_size = 0;
    memcpy(&body_size, &bytes[4], sizeof body_size);
    memcpy(&fields_size, &bytes[12], sizeof fields_size);
    errno = EPROTO;
    if (bytes[0] != kOwnOrder || body_size > kLongestMessage || fields_size > kLongestMessage) {
      return false;
    }
    const std::size_t rest = Padded(kFixedHeader + fields_size, 8) - kFixedHeader + body_size;
    if (!Read(bytes, rest, descriptor)) return false;
    message = Parse(bytes, fields_size);
    return true;
  }

  Descriptor socket_;
  steady_clock::time_point deadline_ = steady_clock::now() + kAnswerPatience;
  std::uint32_t serial_ = 0;
};

}  // namespace

bool IsDbusReachable(std::string_view addresses) { return !SocketPaths(addresses).empty(); }

DbusAnswer CallOverDbus(std::string_view addresses, const DbusMethod& method) {
  const DbusMethod hello{"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         "Hello"};
  errno = ENOENT;
  for (const std::string& path : SocketPaths(addresses)) {
    Descriptor socket = ConnectTo(path);
    if (!socket) continue;
    Bus bus(std::move(socket));
    if (!bus.Authenticate()) continue;
    DbusAnswer greeted = bus.Call(hello);
    if (greeted.system_error != 0 || !greeted.error_name.empty()) return greeted;
    return bus.Call(method);
  }
  return Bus::Failed();
}

}  // namespace credmint::tpm2
