// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace credmint {

/// Writes to what stderr is to the user, also while it is caught. Threads may write at once.
void WriteStandardError(std::string_view text);

/// Says that descriptor 2 may be caught: only the program itself says so, in main. In a process
/// that merely loaded our code it belongs to others.
void AllowCatchingStandardError();

/// As long as one lives, what the process writes to descriptor 2 by any other way than
/// WriteStandardError is kept instead: libraries that a user did not choose print there, where some
/// callers of ours take every word for a failure. Of a long text the first 64 KiB. Where catching
/// is not allowed, or the system has no means for it, does nothing.
///
/// For the whole process: for the moments of loading something foreign, not for longer. A second
/// one waits until the first is gone.
class CaughtStandardError {
 public:
  CaughtStandardError();
  ~CaughtStandardError();
  CaughtStandardError(const CaughtStandardError&) = delete;
  CaughtStandardError& operator=(const CaughtStandardError&) = delete;

  /// What was written until now.
  [[nodiscard]] std::string Text() const;

 private:
  std::unique_lock<std::mutex> alone_;
  int caught_ = -1;
};

}  // namespace credmint
