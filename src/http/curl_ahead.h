// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// Loads libcurl on another thread: that takes milliseconds, and a mint has other work meanwhile.
/// The thread then waits to make a connection (RequestAhead). A failure shows when the library is
/// used.
class CurlAhead {
 public:
  CurlAhead() = default;
  ~CurlAhead() { Finish(); }
  CurlAhead(const CurlAhead&) = delete;
  CurlAhead& operator=(const CurlAhead&) = delete;

  /// The thread takes no signals.
  void Start();

  /// Waits for the thread's end, and abandons connections that are made ahead (RequestAhead): this
  /// process wants to fork.
  void Finish();
};

}  // namespace credmint
