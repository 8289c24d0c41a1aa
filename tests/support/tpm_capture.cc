// SPDX-License-Identifier: Apache-2.0
#include "support/tpm_capture.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <span>

namespace credmint::test {
namespace {

using View = std::span<const std::uint8_t>;

// pcap-ng: blocks of (type, total length, body, total length), in little-endian order here.
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::size_t kBlockHeader = 8;
constexpr std::size_t kPacketHeader = 20;  // interface, timestamp (2), captured and original length
// The packets are recorded as TCP over IPv4; neither header has options.
constexpr std::size_t kDestinationPort = 20 + 2;
constexpr std::size_t kNetworkHeaders = 20 + 20;
constexpr std::uint16_t kTpmPort = 2321;
constexpr std::size_t kTpmHeader = 10;  // tag, size, code

std::uint32_t LittleEndian32(View bytes) {
  return bytes[0] | std::uint32_t{bytes[1]} << 8U | std::uint32_t{bytes[2]} << 16U |
         std::uint32_t{bytes[3]} << 24U;
}

std::uint32_t BigEndian32(View bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
         std::uint32_t{bytes[2]} << 8U | bytes[3];
}

void AddPacket(View packet, std::vector<CapturedCommand>& commands) {
  if (packet.size() < kNetworkHeaders + kTpmHeader) return;
  const auto port =
      static_cast<std::uint16_t>(packet[kDestinationPort] << 8U | packet[kDestinationPort + 1]);
  const View message = packet.subspan(kNetworkHeaders);
  const std::uint32_t code = BigEndian32(message.subspan(6));
  if (port == kTpmPort) {
    commands.push_back({code, 0, {message.begin(), message.end()}});
  } else if (!commands.empty()) {
    commands.back().answer = code;
  }
}

}  // namespace

std::vector<CapturedCommand> ReadTpmCapture(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(stream), {}};
  View rest(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  std::vector<CapturedCommand> commands;
  while (rest.size() >= kBlockHeader) {
    const std::uint32_t type = LittleEndian32(rest);
    const std::size_t length = LittleEndian32(rest.subspan(4));
    if (length < kBlockHeader || length > rest.size()) break;
    const View body = rest.first(length).subspan(kBlockHeader);
    if (type == kEnhancedPacket && body.size() >= kPacketHeader) {
      const std::size_t captured = LittleEndian32(body.subspan(12));
      if (captured <= body.size() - kPacketHeader) {
        AddPacket(body.subspan(kPacketHeader, captured), commands);
      }
    }
    rest = rest.subspan(length);
  }
  return commands;
}

std::vector<std::uint32_t> ReadTpmCommandCodes(const std::filesystem::path& file) {
  std::vector<std::uint32_t> codes;
  for (const CapturedCommand& command : ReadTpmCapture(file)) codes.push_back(command.code);
  return codes;
}

}  // namespace credmint::test
