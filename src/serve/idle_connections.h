#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace credmint::serve {

/// Closes connections on which no whole request comes in time, however busily its bytes drip (slow
/// loris); the HTTP library only knows a time without any byte. A thread of its own looks at them.
///
/// Safe to call from any thread.
class IdleConnections {
 public:
  explicit IdleConnections(std::chrono::milliseconds patience);
  ~IdleConnections();
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

  void WaitsForRequest(int descriptor);  ///< a new connection, or one whose request was answered
  void HasRequest(int descriptor);       ///< its request is here
  void IsClosed(int descriptor);         ///< to be called before the number can be used again

 private:
  using Moment = std::chrono::steady_clock::time_point;

  void Run();
  void ShutDownOverdue();

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;  // guards what follows, except the thread
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::map<int, Moment> overdue_at_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace credmint::serve
