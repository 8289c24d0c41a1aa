#pragma once

#include <chrono>
#include <map>

namespace credmint::serve {

/// Ends connections on which no whole request comes in time, however busily its bytes drip (slow
/// loris); the HTTP library only knows a time without any byte.
///
/// Used by the server's thread alone.
class IdleConnections {
 public:
  explicit IdleConnections(std::chrono::milliseconds patience);

  void WaitsForRequest(int descriptor);  ///< a new connection, or one whose request was answered
  void HasRequest(int descriptor);       ///< its request is here
  void IsClosed(int descriptor);         ///< to be called before the number can be used again

  /// Shuts down those whose time is over; whoever serves them sees their end, and closes them. To
  /// be called often: looks four times in that time at the most.
  void ShutDownOverdue();

 private:
  using Moment = std::chrono::steady_clock::time_point;

  const std::chrono::milliseconds patience_;
  std::map<int, Moment> overdue_at_;
  Moment look_at_;
};

}  // namespace credmint::serve
