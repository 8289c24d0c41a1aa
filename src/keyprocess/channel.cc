// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace credmint::keyprocess {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestPoll{60 * 60 * 1000};
constexpr milliseconds kLongestSend{10000};
constexpr std::size_t kSizeOfLength = 4;

tl::unexpected<Error> Gone() { return Fail(ErrorCode::kDeviceLost, "the key process has ended"); }

tl::unexpected<Error> TimedOut() {
  return Fail(ErrorCode::kTimeout, "the key process did not answer");
}

void PutNumber(char* place, std::size_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) place[i] = static_cast<char>(value & 0xff);
}

std::uint32_t GetNumber(const char* place) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(place[i]);
  return value;
}

int PollTime(Channel::TimePoint deadline) {
  const auto left = deadline - Channel::Clock::now();
  if (left > kLongestPoll) return static_cast<int>(kLongestPoll.count());
  return std::max(0, static_cast<int>(std::chrono::ceil<milliseconds>(left).count()));
}

}  // namespace

Channel::Channel(Descriptor socket, Descriptor output, Listener listener)
    : socket_(std::move(socket)), output_(std::move(output)), listener_(std::move(listener)) {}

std::uint32_t Channel::Begin() {
  const MutexLock lock(mutex_);
  do {
    ++last_call_;
  } while (last_call_ == 0 || inboxes_.contains(last_call_));
  inboxes_[last_call_];
  return last_call_;
}

void Channel::End(std::uint32_t call) {
  const MutexLock lock(mutex_);
  inboxes_.erase(call);
}

Result<void> Channel::Send(const Message& message) {
  const std::string_view body = message.body.Reveal();
  if (body.size() + kHeaderSize > kLongestMessage) {
    return Fail(ErrorCode::kMalformed, "it is too large for the key process");
  }
  std::array<char, kHeaderSize> header{};
  PutNumber(header.data(), header.size() - kSizeOfLength + body.size());
  PutNumber(header.data() + kSizeOfLength, message.call);
  header.back() = static_cast<char>(message.kind);
  std::array<iovec, 2> parts = {
      {{header.data(), header.size()}, {const_cast<char*>(body.data()), body.size()}}};
  msghdr sent{};
  sent.msg_iov = parts.data();
  sent.msg_iovlen = parts.size();

  const MutexLock lock(send_mutex_);
  const TimePoint deadline = Clock::now() + kLongestSend;
  while (sent.msg_iovlen > 0) {
    const ssize_t count = sendmsg(socket_.get(), &sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      pollfd room{socket_.get(), POLLOUT, 0};
      if (poll(&room, 1, PollTime(deadline)) == 0) return Gone();
      continue;
    }
    if (count < 0) return Gone();
    auto left = static_cast<std::size_t>(count);
    while (sent.msg_iovlen > 0 && left >= sent.msg_iov->iov_len) {
      left -= sent.msg_iov->iov_len;
      ++sent.msg_iov;
      --sent.msg_iovlen;
    }
    if (sent.msg_iovlen == 0) break;
    sent.msg_iov->iov_base = static_cast<char*>(sent.msg_iov->iov_base) + left;
    sent.msg_iov->iov_len -= left;
  }
  return {};
}

Result<Message> Channel::ReceiveNew(TimePoint deadline) {
  const MutexLock lock(mutex_);
  answers_ = true;
  return Await(std::nullopt, deadline);
}

Result<Message> Channel::Receive(std::uint32_t call, TimePoint deadline) {
  const MutexLock lock(mutex_);
  return Await(call, deadline);
}

bool Channel::IsOpen() {
  {
    const MutexLock lock(mutex_);
    if (ended_) return false;
  }
  char next = 0;
  const ssize_t size = recv(socket_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

void Channel::Close() {
  shutdown(socket_.get(), SHUT_RDWR);
  const MutexLock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Channel::ReadOutputToEnd(const Descriptor& process, TimePoint deadline) {
  const MutexLock lock(mutex_);
  while (reading_) changed_.wait(mutex_);
  std::array<pollfd, 2> waiting = {{{output_.get(), POLLIN, 0}, {process.get(), POLLIN, 0}}};
  while (output_ && waiting[1].revents == 0 && Clock::now() < deadline) {
    if (poll(waiting.data(), waiting.size(), PollTime(deadline)) > 0) ReadOutput();
  }
}

/// Waits for a message of a call, or of a new one. Reads the socket if no other thread does.
Result<Message> Channel::Await(std::optional<std::uint32_t> call, TimePoint deadline) {
  for (;;) {
    if (auto message = Take(call)) return *std::move(message);
    if (ended_) return Gone();
    if (reading_) {
      const auto wait = std::min(deadline, Clock::now() + kLongestPoll);
      if (changed_.wait_until(mutex_, wait) == std::cv_status::timeout &&
          Clock::now() >= deadline) {
        return TimedOut();
      }
      continue;
    }
    reading_ = true;
    auto message = ReadUnlocked(deadline);
    reading_ = false;
    changed_.notify_all();
    if (!message && message.error().code == ErrorCode::kTimeout) return message;
    if (message && Deliver(*std::move(message))) continue;
    DrainOutput();  // its last words
    ended_ = true;
  }
}

Result<Message> Channel::ReadUnlocked(TimePoint deadline) {
  const MutexUnlock unlocked(mutex_);
  return ReadMessage(deadline);
}

std::optional<Message> Channel::Take(std::optional<std::uint32_t> call) {
  const auto found = call ? inboxes_.find(*call) : inboxes_.end();
  Inbox& inbox = found != inboxes_.end() ? found->second : new_calls_;
  if (inbox.messages.empty() || (call && found == inboxes_.end())) return std::nullopt;
  Message message = std::move(inbox.messages.front());
  inbox.messages.pop_front();
  inbox.size -= message.body.size();
  if (!call) inboxes_[message.call];
  return message;
}

/// Returns false for a message that nobody can expect.
bool Channel::Deliver(Message message) {
  if (message.call == 0 && !answers_) {
    if (listener_.noted) listener_.noted(message);
    return true;
  }
  const auto found = inboxes_.find(message.call);
  if (found != inboxes_.end()) return Put(found->second, std::move(message));
  if (answers_) return Put(new_calls_, std::move(message));
  return message.call <= last_call_;  // the call may have ended at its deadline
}

bool Channel::Put(Inbox& inbox, Message message) {
  inbox.size += message.body.size();
  inbox.messages.push_back(std::move(message));
  return inbox.size <= kMostWaiting;
}

Result<Message> Channel::ReadMessage(TimePoint deadline) {
  if (auto read = ReadInto(header_, header_filled_, deadline); !read) return Fail(std::move(read));
  const std::size_t length = GetNumber(header_.data());
  const std::size_t least = kHeaderSize - kSizeOfLength;
  if (length < least || length > kLongestMessage) return Gone();
  body_.resize(length - least);
  if (auto read = ReadInto(body_, body_filled_, deadline); !read) return Fail(std::move(read));
  Message message{GetNumber(header_.data() + kSizeOfLength), static_cast<Kind>(header_.back()),
                  Secret::Take(body_)};
  header_filled_ = 0;
  body_filled_ = 0;
  body_.clear();
  return message;
}

/// Continues a read that a deadline may have interrupted.
Result<void> Channel::ReadInto(std::span<char> bytes, std::size_t& filled, TimePoint deadline) {
  while (filled < bytes.size()) {
    const ssize_t count =
        recv(socket_.get(), bytes.data() + filled, bytes.size() - filled, MSG_DONTWAIT);
    if (count > 0) {
      filled += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      if (auto waited = WaitForBytes(deadline); !waited) return waited;
    } else if (count == 0 || errno != EINTR) {
      return Gone();
    }
  }
  return {};
}

Result<void> Channel::WaitForBytes(TimePoint deadline) {
  std::array<pollfd, 2> waiting = {{{socket_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}}};
  const int ready = poll(waiting.data(), waiting.size(), PollTime(deadline));
  if (ready == 0 && Clock::now() >= deadline) return TimedOut();
  if (ready > 0 && waiting[1].revents != 0) ReadOutput();
  return {};
}

/// Reads some of what the other process prints. Returns false if there is nothing more for now.
bool Channel::ReadOutput() {
  if (!output_) return false;
  std::array<char, 4096> bytes;
  const ssize_t count = read(output_.get(), bytes.data(), bytes.size());
  if (count > 0 && listener_.read) listener_.read({bytes.data(), static_cast<std::size_t>(count)});
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) output_ = Descriptor();
  return count > 0;
}

void Channel::DrainOutput() {
  while (ReadOutput()) {
  }
}

}  // namespace credmint::keyprocess
