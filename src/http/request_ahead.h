// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/mutex.h"
#include "http/message.h"

namespace credmint {

/// A request whose connection is made on a thread of its own, while nobody knows all of its header
/// fields yet. When the connection stands, that thread waits for them. So a signature and a TLS
/// handshake take the time of the longer one.
///
/// Transport::Prepare() makes one, and Send() finishes it.
class RequestAhead {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// Makes the connection, asks AwaitHeaders(), and carries the request and its response.
  using Transfer = std::function<Result<HttpResponse>(RequestAhead&)>;

  /// `request` lacks some header fields. Connecting ends at `deadline`.
  RequestAhead(HttpRequest request, TimePoint deadline)
      : request_(std::move(request)), deadline_(deadline) {}
  /// Abandons a transfer that nobody finished.
  ~RequestAhead() { Abandon(); }
  RequestAhead(const RequestAhead&) = delete;
  RequestAhead& operator=(const RequestAhead&) = delete;

  /// Starts the thread, which takes no signals. Without it, IsFor() is false.
  void Start(Transfer transfer);

  // --- for the thread that sends

  /// Whether Finish() may send this: it is the same request with more header fields, and the
  /// connection is not abandoned. A service closes one that is silent for long.
  [[nodiscard]] bool IsFor(const HttpRequest& whole);
  /// Waits until the connection stands, or cannot be made.
  void AwaitConnection();
  /// Sends the request with all of its header fields. Its response must be there at `deadline`.
  Result<HttpResponse> Finish(Headers all, TimePoint deadline);
  /// Ends the thread, unless the request has been sent.
  void Abandon();

  /// Abandons all that are in this process, for one that wants to fork with one thread.
  static void AbandonAll();

  // --- for the transfer

  [[nodiscard]] const HttpRequest& request() const { return request_; }
  /// Waits for the header fields. Null if the request is abandoned.
  const Headers* AwaitHeaders();
  [[nodiscard]] TimePoint deadline();
  [[nodiscard]] bool is_abandoned();
  /// Sets what interrupts the transfer when the deadline changes or it is abandoned.
  void SetWaker(std::function<void()> wake);

 private:
  enum class State { kConnecting, kConnected, kSending, kAbandoned, kEnded };

  void Join();

  const HttpRequest request_;
  std::thread thread_;
  std::optional<Result<HttpResponse>> response_;  // by the thread, read after its end
  Mutex mutex_;
  std::condition_variable_any changed_;
  State state_ CREDMINT_GUARDED_BY(mutex_) = State::kEnded;
  TimePoint deadline_ CREDMINT_GUARDED_BY(mutex_);
  TimePoint connected_ CREDMINT_GUARDED_BY(mutex_);  // since kConnected
  Headers headers_ CREDMINT_GUARDED_BY(mutex_);
  std::function<void()> wake_ CREDMINT_GUARDED_BY(mutex_);
};

}  // namespace credmint
