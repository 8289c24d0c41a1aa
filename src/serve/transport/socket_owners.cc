// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/socket_owners.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

namespace credmint::serve {
namespace {

/// An IPv6 address, or an IPv4 address mapped into one, and a port in network order.
struct Endpoint {
  in6_addr address{};
  in_port_t port = 0;

  [[nodiscard]] bool IsIpv4() const { return IN6_IS_ADDR_V4MAPPED(&address); }
  bool operator==(const Endpoint& other) const {
    return port == other.port && std::memcmp(&address, &other.address, sizeof(address)) == 0;
  }
};

in6_addr Mapped(std::uint32_t ipv4) {
  in6_addr mapped{};
  mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
  std::memcpy(&mapped.s6_addr[12], &ipv4, sizeof(ipv4));
  return mapped;
}

std::optional<Endpoint> NameOf(int descriptor, decltype(&getpeername) get) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (get(descriptor, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  if (name.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(name);
    return Endpoint{Mapped(ipv4.sin_addr.s_addr), ipv4.sin_port};
  }
  if (name.ss_family != AF_INET6) return std::nullopt;
  const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(name);
  return Endpoint{ipv6.sin6_addr, ipv6.sin6_port};
}

// Netlink --------------------------------------------------------------------------------------

struct Query {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

struct Reply {
  nlmsghdr header;
  inet_diag_msg body;
  std::array<char, 512> attributes;
};

void Fill(const Endpoint& endpoint, bool is_ipv4, __be32* address, __be16& port) {
  port = endpoint.port;
  std::memcpy(address, &endpoint.address.s6_addr[is_ipv4 ? 12 : 0], is_ipv4 ? 4 : 16);
}

Query QueryFor(const Endpoint& source, const Endpoint& target) {
  const bool is_ipv4 = source.IsIpv4();
  static std::uint32_t sequence = 0;  // one thread asks
  Query query{};
  query.header.nlmsg_seq = ++sequence;
  query.header.nlmsg_len = sizeof(query);
  query.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  query.header.nlmsg_flags = NLM_F_REQUEST;
  query.body.sdiag_family = is_ipv4 ? AF_INET : AF_INET6;
  query.body.sdiag_protocol = IPPROTO_TCP;
  query.body.idiag_states = ~0U;
  query.body.id.idiag_cookie[0] = query.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  Fill(source, is_ipv4, query.body.id.idiag_src, query.body.id.idiag_sport);
  Fill(target, is_ipv4, query.body.id.idiag_dst, query.body.id.idiag_dport);
  return query;
}

Endpoint EndpointOf(const inet_diag_msg& found, const __be32* address, __be16 port) {
  if (found.idiag_family == AF_INET) return {Mapped(address[0]), port};
  Endpoint endpoint{{}, port};
  std::memcpy(&endpoint.address, address, sizeof(endpoint.address));
  return endpoint;
}

/// The kernel answers before send() returns. A connection that it does not know may be answered by
/// a listening socket on the same port, which may be another user's.
std::optional<inet_diag_msg> Ask(int netlink, const Endpoint& source, const Endpoint& target) {
  const Query query = QueryFor(source, target);
  if (send(netlink, &query, sizeof(query), MSG_DONTWAIT) != sizeof(query)) return std::nullopt;
  Reply reply{};
  const ssize_t size = recv(netlink, &reply, sizeof(reply), MSG_DONTWAIT);
  constexpr ssize_t kWhole = offsetof(Reply, attributes);
  if (size < kWhole || reply.header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
      reply.header.nlmsg_seq != query.header.nlmsg_seq) {
    return std::nullopt;
  }
  const auto& id = reply.body.id;
  if (EndpointOf(reply.body, id.idiag_src, id.idiag_sport) != source) return std::nullopt;
  if (reply.body.idiag_state == TCP_LISTEN) return reply.body;
  if (EndpointOf(reply.body, id.idiag_dst, id.idiag_dport) != target) return std::nullopt;
  return reply.body;
}

int OpenNetlink() {
  const int opened = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  // Connected, it takes messages from the kernel alone.
  if (opened < 0 ||
      connect(opened, reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) == 0) {
    return opened;
  }
  close(opened);
  return -1;
}

/// Whether the kernel finds a listening socket. Without its module tcp_diag it finds none.
bool Answers(int netlink, int listener) {
  const auto name = NameOf(listener, &getsockname);
  if (!name) return false;
  const Endpoint none{name->IsIpv4() ? Mapped(0) : in6_addr{}, 0};
  const auto found = Ask(netlink, *name, none);
  return found && found->idiag_state == TCP_LISTEN;
}

// /proc/self/net
// ------------------------------------------------------------------------------------

constexpr std::size_t kMostLines = 65536;

/// Addresses are printed as 32-bit words in the order of this machine.
std::optional<Endpoint> ParseEndpoint(const std::string& digits, unsigned port) {
  std::array<std::uint32_t, 4> words{};
  if (digits.size() != 8 && digits.size() != 32) return std::nullopt;
  for (std::size_t i = 0; i < digits.size() / 8; ++i) {
    words.at(i) = static_cast<std::uint32_t>(std::stoul(digits.substr(8 * i, 8), nullptr, 16));
  }
  const in_port_t in_network_order = htons(static_cast<std::uint16_t>(port));
  if (digits.size() == 8) return Endpoint{Mapped(words[0]), in_network_order};
  Endpoint endpoint{{}, in_network_order};
  std::memcpy(&endpoint.address, words.data(), sizeof(endpoint.address));
  return endpoint;
}

std::optional<SocketOwner> FindInFile(const char* path, const Endpoint& source,
                                      const Endpoint& target) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);  // the heads of the columns
  for (std::size_t count = 0; count < kMostLines && std::getline(file, line); ++count) {
    std::array<char, 33> local{};
    std::array<char, 33> remote{};
    unsigned local_port = 0;
    unsigned remote_port = 0;
    unsigned state = 0;
    unsigned user = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(),
                    " %*d: %32[0-9A-F]:%4X %32[0-9A-F]:%4X %2X %*X:%*X %*X:%*X %*X %u %*d %lu",
                    local.data(), &local_port, remote.data(), &remote_port, &state, &user,
                    &inode) != 7) {
      continue;
    }
    if (ParseEndpoint(local.data(), local_port) == source &&
        ParseEndpoint(remote.data(), remote_port) == target) {
      if (!CanBePeer(static_cast<int>(state))) return std::nullopt;
      return SocketOwner{user, inode};
    }
  }
  return std::nullopt;
}

/// A socket for IPv6 may hold an IPv4 connection.
std::optional<SocketOwner> FindInProc(const Endpoint& source, const Endpoint& target) {
  if (source.IsIpv4()) {
    if (auto found = FindInFile("/proc/self/net/tcp", source, target)) return found;
  }
  return FindInFile("/proc/self/net/tcp6", source, target);
}

std::optional<SocketOwner> Find(int netlink, const Endpoint& source, const Endpoint& target) {
  if (netlink < 0) return FindInProc(source, target);
  const auto found = Ask(netlink, source, target);
  if (!found || !CanBePeer(found->idiag_state)) return std::nullopt;
  return SocketOwner{found->idiag_uid, found->idiag_inode};
}

/// Whether the user namespace maps every user to itself, as the initial one does.
bool MapsAll() {
  std::ifstream file("/proc/self/uid_map");
  unsigned long inside = 1;
  unsigned long outside = 1;
  unsigned long count = 0;
  file >> inside >> outside >> count;
  return file && inside == 0 && outside == 0 && count == 4294967295UL;
}

}  // namespace

SocketOwners::SocketOwners(int listener) : netlink_(OpenNetlink()), all_are_mapped_(MapsAll()) {
  if (netlink_ >= 0 && !Answers(netlink_, listener)) {
    close(netlink_);
    netlink_ = -1;
  }
  std::ifstream("/proc/sys/kernel/overflowuid") >> unmapped_;
}

SocketOwners::~SocketOwners() {
  if (netlink_ >= 0) close(netlink_);
}

std::optional<SocketOwner> SocketOwners::OfPeer(int connection) const {
  const auto peer = NameOf(connection, &getpeername);
  const auto own = NameOf(connection, &getsockname);
  if (!peer || !own) return std::nullopt;
  const auto found = Find(netlink_, *peer, *own);
  if (!found || found->inode == 0) return std::nullopt;  // none, or an orphan
  if (found->user == unmapped_ && !all_are_mapped_) return std::nullopt;
  return found;
}

bool CanBePeer(int state) {
  switch (state) {
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSE_WAIT:
    case TCP_LAST_ACK:
    case TCP_CLOSING:
      return true;
    default:
      return false;
  }
}

bool IsOverLoopback(int connection) {
  const auto is_loopback = [](const std::optional<Endpoint>& end) {
    if (!end) return false;
    return end->IsIpv4() ? end->address.s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(&end->address);
  };
  return is_loopback(NameOf(connection, &getsockname)) ||
         is_loopback(NameOf(connection, &getpeername));
}

}  // namespace credmint::serve
