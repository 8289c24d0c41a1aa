// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace credmint::keyprocess {
namespace {

using std::chrono::milliseconds;

Channel::TimePoint In(milliseconds time) { return Channel::Clock::now() + time; }

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    std::array<int, 2> sockets{};
    std::array<int, 2> pipe{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
    EXPECT_EQ(pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    other_ = sockets[1];
    output_ = Descriptor(pipe[1]);
    channel_.emplace(Descriptor(sockets[0]), Descriptor(pipe[0]),
                     Channel::Listener{[this](const Message& message) {
                                         noted_ += static_cast<std::string>(message.body.Reveal());
                                       },
                                       [this](std::string_view text) { printed_ += text; }});
  }
  ~ChannelTest() override {
    if (other_ >= 0) close(other_);
  }

  void SendRaw(const std::string& bytes) const {
    EXPECT_EQ(write(other_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  /// A message on the wire, as docs/design/key-process.md has it.
  static std::string Framed(std::uint8_t call, Kind kind, const std::string& body) {
    std::string bytes(3, '\0');
    bytes += static_cast<char>(5 + body.size());
    bytes += std::string(3, '\0') + static_cast<char>(call) + static_cast<char>(kind);
    return bytes + body;
  }

  int other_ = -1;
  Descriptor output_;
  std::string noted_;
  std::string printed_;
  std::optional<Channel> channel_;
};

TEST_F(ChannelTest, AMessageIsItsLengthCallKindAndBody) {
  const Channel::Call call(*channel_);
  ASSERT_TRUE(call.Send(Kind::kSign, Secret("body")).has_value());
  std::array<char, 64> bytes{};
  const ssize_t size = read(other_, bytes.data(), bytes.size());
  EXPECT_EQ(std::string(bytes.data(), static_cast<std::size_t>(size)),
            Framed(1, Kind::kSign, "body"));
}

TEST_F(ChannelTest, AnswersReachTheirCalls) {
  const Channel::Call first(*channel_);
  const Channel::Call second(*channel_);
  SendRaw(Framed(2, Kind::kSignature, "two") + Framed(1, Kind::kSignature, "one"));
  EXPECT_EQ(first.Receive(In(milliseconds(1000)))->body.Reveal(), "one");
  EXPECT_EQ(second.Receive(In(milliseconds(1000)))->body.Reveal(), "two");
}

TEST_F(ChannelTest, AMessageInPartsSurvivesADeadline) {
  const Channel::Call call(*channel_);
  const std::string whole = Framed(1, Kind::kSignature, "signature");
  for (const std::size_t cut : {std::size_t{3}, std::size_t{7}, whole.size() - 1}) {
    SendRaw(whole.substr(0, cut));
    const auto early = call.Receive(In(milliseconds(10)));
    ASSERT_FALSE(early.has_value());
    EXPECT_EQ(early.error().code, ErrorCode::kTimeout);
    SendRaw(whole.substr(cut));
    EXPECT_EQ(call.Receive(In(milliseconds(1000)))->body.Reveal(), "signature");
  }
}

TEST_F(ChannelTest, TheEndOfTheOtherProcessIsNoticed) {
  const Channel::Call call(*channel_);
  close(std::exchange(other_, -1));
  EXPECT_EQ(call.Receive(In(milliseconds(1000))).error().code, ErrorCode::kDeviceLost);
  EXPECT_EQ(call.Send(Kind::kSign, Secret()).error().code, ErrorCode::kDeviceLost);
}

TEST_F(ChannelTest, HalfAMessageAndTheEndIsTheEnd) {
  const Channel::Call call(*channel_);
  SendRaw(Framed(1, Kind::kSignature, "signature").substr(0, 10));
  close(std::exchange(other_, -1));
  EXPECT_EQ(call.Receive(In(milliseconds(1000))).error().code, ErrorCode::kDeviceLost);
}

TEST_F(ChannelTest, AnImpossibleLengthEndsIt) {
  for (const std::string& length : {std::string("\x80\0\0\0", 4), std::string(4, '\0')}) {
    SCOPED_TRACE(length);
    const Channel::Call call(*channel_);
    SendRaw(length + std::string(5, '\1'));
    EXPECT_EQ(call.Receive(In(milliseconds(1000))).error().code, ErrorCode::kDeviceLost);
  }
}

TEST_F(ChannelTest, AMessageOfACallThatNeverWasEndsIt) {
  const Channel::Call call(*channel_);
  SendRaw(Framed(9, Kind::kSignature, "x"));
  EXPECT_EQ(call.Receive(In(milliseconds(1000))).error().code, ErrorCode::kDeviceLost);
}

TEST_F(ChannelTest, ALateAnswerIsDropped) {
  { const Channel::Call gone(*channel_); }
  const Channel::Call call(*channel_);
  SendRaw(Framed(1, Kind::kSignature, "late") + Framed(2, Kind::kSignature, "right"));
  EXPECT_EQ(call.Receive(In(milliseconds(1000)))->body.Reveal(), "right");
}

TEST_F(ChannelTest, NotesAndOutputAreReadBesideACall) {
  const Channel::Call call(*channel_);
  ASSERT_EQ(write(output_.get(), "printed", 7), 7);
  SendRaw(Framed(0, Kind::kLog, "noted"));
  EXPECT_FALSE(call.Receive(In(milliseconds(50))).has_value());
  EXPECT_EQ(noted_, "noted");
  EXPECT_EQ(printed_, "printed");
}

TEST_F(ChannelTest, TheLastWordsAreReadAtTheEnd) {
  const Channel::Call call(*channel_);
  ASSERT_EQ(write(output_.get(), "abort!", 6), 6);
  close(std::exchange(other_, -1));
  EXPECT_FALSE(call.Receive(In(milliseconds(1000))).has_value());
  EXPECT_EQ(printed_, "abort!");
}

TEST_F(ChannelTest, OutputIsReadUntilNobodyCanWrite) {
  channel_->Close();
  std::thread writer([this] {
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(write(output_.get(), "bye", 3), 3);
    output_ = Descriptor();
  });
  const auto deadline = In(std::chrono::minutes(1));
  channel_->ReadOutputToEnd({}, deadline);
  EXPECT_LT(Channel::Clock::now(), deadline);
  EXPECT_EQ(printed_, "bye");
  writer.join();
}

TEST_F(ChannelTest, OutputThatAnotherProcessKeepsOpenIsLeftWhenTheProcessHasEnded) {
  channel_->Close();
  std::array<int, 2> pipe{};
  ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor process(pipe[0]);
  close(pipe[1]);  // from now on it can be read, as a process that has ended
  const auto deadline = In(std::chrono::minutes(1));
  channel_->ReadOutputToEnd(process, deadline);
  EXPECT_LT(Channel::Clock::now(), deadline);
}

/// Many threads call at once; the other end answers each with its own number.
TEST_F(ChannelTest, ThreadsShareTheSocket) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 200;
  Channel answering{Descriptor(std::exchange(other_, -1))};
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (auto question = answering.ReceiveNew()) {
        EXPECT_TRUE(answering.Send({question->call, Kind::kSignature, question->body.Clone()}));
        answering.End(question->call);
      }
    });
  }
  std::atomic<int> right = 0;
  std::vector<std::thread> callers;
  for (int thread = 0; thread < kThreads; ++thread) {
    callers.emplace_back([&, thread] {
      for (int i = 0; i < kCalls; ++i) {
        const Channel::Call call(*channel_);
        const std::string text = std::to_string(thread * kCalls + i);
        EXPECT_TRUE(call.Send(Kind::kSign, Secret(text)).has_value());
        const auto answer = call.Receive(In(std::chrono::seconds(20)));
        if (answer && answer->body.Reveal() == text) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  channel_->Close();
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(right, kThreads * kCalls);
}

}  // namespace
}  // namespace credmint::keyprocess
