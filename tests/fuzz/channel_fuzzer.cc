// SPDX-License-Identifier: Apache-2.0
// Fed: a byte that says which end this is, and the bytes that the other end sends.
//
// Holds: messages come out as they are in the bytes, in order for each call. The first frame that
// is none ends the channel. No end waits for ever.

#include <sys/socket.h>

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "keyprocess/channel.h"

namespace credmint::keyprocess {
namespace {

using test::Require;

constexpr std::size_t kLeast = 5;  // call and kind

struct Frame {
  std::uint32_t call;
  std::uint8_t kind;
  std::string body;

  bool operator==(const Frame&) const = default;
};

/// The frames in the bytes, up to the first that is cut off or has a wrong length.
std::vector<Frame> FramesIn(test::Input input) {
  std::vector<Frame> frames;
  while (!input.empty()) {
    const std::uint32_t size = input.Number();
    if (size < kLeast || size > Channel::kLongestMessage) break;
    test::Input rest = input;
    if (rest.Take(size).size() < size) break;
    Frame frame{input.Number(), input.Byte(), {}};
    frame.body = input.Take(size - kLeast);
    frames.push_back(std::move(frame));
  }
  return frames;
}

Frame ToFrame(const Message& message) {
  return {message.call, static_cast<std::uint8_t>(message.kind),
          std::string(message.body.Reveal())};
}

/// The end that answers: every call is new once, and its further messages are for it.
void CheckAnswers(Channel& channel, const std::vector<Frame>& frames) {
  std::map<std::uint32_t, std::vector<Frame>> received;
  while (auto message = channel.ReceiveNew()) {
    const std::uint32_t call = message->call;
    received[call].push_back(ToFrame(*message));
    channel.End(call);
  }
  std::map<std::uint32_t, std::vector<Frame>> sent;
  for (const Frame& frame : frames) sent[frame.call].push_back(frame);
  Require(received == sent, "what comes out is what was sent");
}

/// The end that asks: two calls, one after the other.
void CheckAsks(Channel& channel, const std::vector<Frame>& frames, std::vector<Frame>& noted) {
  const std::array<Channel::Call, 2> calls{Channel::Call(channel), Channel::Call(channel)};
  std::array<std::vector<Frame>, 2> received;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    while (auto message = calls[i].Receive(Channel::TimePoint::max())) {
      received[i].push_back(ToFrame(*message));
    }
  }
  std::vector<Frame> of_no_call;
  std::array<std::vector<Frame>, 2> sent;
  for (const Frame& frame : frames) {
    if (frame.call > calls.size()) break;  // nobody asked
    (frame.call == 0 ? of_no_call : sent[frame.call - 1]).push_back(frame);
  }
  Require(received == sent && noted == of_no_call, "what comes out is what was sent");
}

void Check(test::Input input) {
  const bool answers = input.Byte() % 2 == 1;
  const std::string_view bytes = input.Rest();
  std::array<int, 2> sockets{};
  Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) == 0,
          "there are sockets");
  Descriptor ours(sockets[0]);
  Descriptor theirs(sockets[1]);
  send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  theirs = Descriptor();
  std::vector<Frame> noted;
  Channel channel(std::move(ours), {},
                  {[&](const Message& message) { noted.push_back(ToFrame(message)); }, {}});
  const auto frames = FramesIn(test::Input(test::AsBytes(bytes).data(), bytes.size()));
  answers ? CheckAnswers(channel, frames) : CheckAsks(channel, frames, noted);
  Require(!channel.IsOpen(), "the channel has ended");
}

}  // namespace
}  // namespace credmint::keyprocess

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::keyprocess::Check(credmint::test::Input(data, size));
  return 0;
}
