// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mutex.h"
#include "keyprocess/messages.h"

namespace credmint::keyprocess {

/// Messages over one end of a stream socket, for several calls at once. Safe to use from several
/// threads.
///
/// There is no thread of its own. One of the threads that wait for a message reads the socket, and
/// hands the others what is theirs. So a call that is alone costs no change of threads here.
///
/// On the wire, a message is its length (four bytes, of what follows), its call (four bytes), its
/// kind (one byte) and its body. A message that is too long, or that belongs to no call, ends the
/// channel: the other end is broken or hostile.
class Channel {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  /// The longest message that is accepted or sent, and the most that may wait for one call, in
  /// bytes.
  static constexpr std::size_t kLongestMessage = 4 << 20;
  static constexpr std::size_t kMostWaiting = 64 << 20;
  static constexpr std::size_t kHeaderSize = 9;

  /// Functions for what belongs to no call. They run on the thread that reads and must not block.
  struct Listener {
    std::function<void(const Message&)> noted;   ///< a message with call 0
    std::function<void(std::string_view)> read;  ///< bytes that came from `output`
  };

  /// `output`, if given, is read beside the socket, so that its writer is not blocked.
  explicit Channel(Descriptor socket, Descriptor output = {}, Listener listener = {});
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// A call that this end makes. Messages for it are kept until its end.
  class Call {
   public:
    explicit Call(Channel& channel) : channel_(channel), number_(channel.Begin()) {}
    ~Call() { channel_.End(number_); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    [[nodiscard]] std::uint32_t number() const { return number_; }
    [[nodiscard]] Result<void> Send(Kind kind, const Secret& body) const {
      return channel_.Send({number_, kind, body.Clone()});
    }
    /// Fails with kTimeout at the deadline, and with kDeviceLost if the other end is gone.
    [[nodiscard]] Result<Message> Receive(TimePoint deadline) const {
      return channel_.Receive(number_, deadline);
    }

   private:
    Channel& channel_;
    std::uint32_t number_;
  };

  /// Sends a message. Fails with kDeviceLost if the other end is gone or does not read for ten
  /// seconds.
  Result<void> Send(const Message& message);

  /// For the end that answers: the next message of a call that is not known yet. The call is known
  /// from then on, until End(). Fails as Call::Receive() does.
  Result<Message> ReceiveNew(TimePoint deadline = TimePoint::max());
  Result<Message> Receive(std::uint32_t call, TimePoint deadline);
  void End(std::uint32_t call);

  /// Whether the other end is still there, as far as can be seen without waiting.
  [[nodiscard]] bool IsOpen();

  /// Reads what `output` holds now. Only for the thread that received the last message.
  void DrainOutput();

  /// Wakes all threads that wait. They fail with kDeviceLost.
  void Close();

  /// Reads `output` until nobody can write to it any more, until `process` can be read (it has
  /// ended, pidfd_open(2)), or until the deadline. Call it after Close().
  void ReadOutputToEnd(const Descriptor& process, TimePoint deadline);

 private:
  struct Inbox {
    std::deque<Message> messages;
    std::size_t size = 0;  ///< of their bodies, in bytes
  };

  std::uint32_t Begin();
  Result<Message> Await(std::optional<std::uint32_t> call, TimePoint deadline)
      CREDMINT_REQUIRES(mutex_);
  Result<Message> ReadUnlocked(TimePoint deadline) CREDMINT_REQUIRES(mutex_);
  std::optional<Message> Take(std::optional<std::uint32_t> call) CREDMINT_REQUIRES(mutex_);
  bool Deliver(Message message) CREDMINT_REQUIRES(mutex_);
  static bool Put(Inbox& inbox, Message message);
  Result<Message> ReadMessage(TimePoint deadline);
  Result<void> ReadInto(std::span<char> bytes, std::size_t& filled, TimePoint deadline);
  Result<void> WaitForBytes(TimePoint deadline);
  bool ReadOutput();

  Descriptor socket_;
  Descriptor output_;
  Listener listener_;
  bool answers_ = false;  // whether unknown calls are welcome

  Mutex send_mutex_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool reading_ CREDMINT_GUARDED_BY(mutex_) = false;
  bool ended_ CREDMINT_GUARDED_BY(mutex_) = false;
  std::uint32_t last_call_ CREDMINT_GUARDED_BY(mutex_) = 0;
  std::map<std::uint32_t, Inbox> inboxes_ CREDMINT_GUARDED_BY(mutex_);
  Inbox new_calls_ CREDMINT_GUARDED_BY(mutex_);

  // The message that is being read. Only for the thread that reads.
  std::array<char, kHeaderSize> header_{};
  std::size_t header_filled_ = 0;
  std::vector<char> body_;
  std::size_t body_filled_ = 0;
};

}  // namespace credmint::keyprocess
