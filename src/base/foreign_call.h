// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace credmint {

/// Marks that this thread is in a call of somebody else's code, for as long as this object lives.
/// Such a call may not return; the process can then say which one. Costs no more than two stores.
class ForeignCall {
 public:
  /// `name` is a constant: "C_Sign".
  explicit ForeignCall(const char* name);
  ~ForeignCall();
  ForeignCall(const ForeignCall&) = delete;
  ForeignCall& operator=(const ForeignCall&) = delete;

  /// The names of the calls that run now, with commas; empty if there is none. Safe to call from
  /// any thread.
  static std::string Running();

 private:
  const char* outer_;
};

/// Marks the call that sends a PIN. If the process ends before the outcome is known, the PIN must
/// count as refused.
class LoginCall {
 public:
  enum class Stage { kBegins, kAccepted };

  LoginCall() { Tell(Stage::kBegins); }
  LoginCall(const LoginCall&) = delete;
  LoginCall& operator=(const LoginCall&) = delete;

  static void NoteAccepted() { Tell(Stage::kAccepted); }

  /// Sets who is told, on the thread that logs in. Call it while there is one thread.
  static void SetListener(std::function<void(Stage)> listener);

 private:
  static void Tell(Stage stage);
};

}  // namespace credmint
