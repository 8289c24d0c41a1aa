// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace credmint {

/// Writes to the user's stderr, even while it is caught. Safe to call from any thread.
void WriteStandardError(std::string_view text);

/// Takes charge of the standard descriptors. Allows catching descriptor 2, and keeps closed ones
/// from becoming the next file or socket that is opened, into which messages would go. Those stay
/// as good as closed. Only the program itself calls this, first in main(): in a process that merely
/// loaded our code, the descriptors belong to others.
void AllowCatchingStandardError();

/// Ends that permission, in a process whose descriptor 2 somebody else reads anyway.
void ForbidCatchingStandardError();

/// Catches what the process writes to descriptor 2 other than through WriteStandardError, for as
/// long as it lives. Libraries that the user did not choose print there, and some of our callers
/// interpret any output as a failure. Keeps the first 64 KiB. Does nothing if catching is not
/// allowed or the system does not support it.
///
/// Affects the whole process, so use it only while loading foreign code. A second one waits until
/// the first is destroyed.
class CaughtStandardError {
 public:
  CaughtStandardError();
  ~CaughtStandardError();
  CaughtStandardError(const CaughtStandardError&) = delete;
  CaughtStandardError& operator=(const CaughtStandardError&) = delete;

  /// Returns the text caught so far.
  [[nodiscard]] std::string Text() const;

 private:
  std::unique_lock<std::mutex> alone_;
  int caught_ = -1;
};

}  // namespace credmint
