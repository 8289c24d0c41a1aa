// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "keyprocess/channel.h"
#include "keyprocess/launcher.h"
#include "keyprocess/messages.h"
#include "keyprocess/output_lines.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"
#include "ossl/store_figures.h"

namespace credmint::keyprocess {

/// Limits and reports that all key processes share.
struct Manners {
  /// The longest wait for the answer of a call, without the time that a person takes to type; 0: no
  /// limit.
  std::chrono::milliseconds timeout{30000};
  /// Whether a process is replaced after a failure of its device, for a program that tries again.
  bool replaces = false;
  /// The end of all waiting, for a program whose caller waits.
  Channel::TimePoint until = Channel::TimePoint::max();
  /// The longest wait for all answers of one process, where another may be needed after it; 0: no
  /// limit of its own.
  std::chrono::milliseconds part{0};
  /// Told once for each answer that takes two seconds: "the token 'prod' to sign".
  std::function<void(const std::string&)> slow;
  /// See SandboxRules.
  std::vector<std::string> hidden;
  std::string home;
};

/// The things that all processes of a device share.
struct DeviceFigures {
  std::map<std::string, std::uint64_t> ends;  ///< by cause
  SigningTimes signing;
  bool interrupted = false;  ///< one ended while it tried a PIN for a signature
  std::string printed;       ///< the last line of their output
};
using KeyProcessFigures = Guarded<DeviceFigures>;

/// A running key process, as the main process sees it. Everything that comes from it is checked.
/// Safe to use from several threads.
class KeyProcess : public std::enable_shared_from_this<KeyProcess> {
 public:
  /// `device` is what runs in it, for messages: "the PKCS#11 module /usr/lib/x.so".
  static Result<std::shared_ptr<KeyProcess>> Start(Launcher& launcher, std::string device,
                                                   const Manners& manners,
                                                   std::shared_ptr<KeyProcessFigures> figures);
  ~KeyProcess();
  KeyProcess(const KeyProcess&) = delete;
  KeyProcess& operator=(const KeyProcess&) = delete;

  /// Opens a store there. The keys are those of the provider of remote keys in `context`.
  ///
  /// Fails as OpenStore() does; with kModule if the process ends, and with kTimeout if it does not
  /// answer in time and has been ended.
  Result<StoreContents> Load(const LibraryContext& context, const Place& place,
                             const StoreOptions& options);

  /// `signer` makes the signatures that the key's policy requires; it may be null. Fails as the
  /// device does, and like Load().
  Result<Bytes> Sign(const LibraryContext& context, const SignMessage& request, EVP_PKEY* signer);

  /// A key is no longer used.
  void Release(std::uint32_t key);

  /// Whether the process still runs.
  [[nodiscard]] bool IsRunning();
  [[nodiscard]] bool HasSigned() const { return has_signed_; }
  /// Whether the device failed to make a signature.
  [[nodiscard]] bool FailedToSign() const { return failed_to_sign_; }

  /// Closes its socket. Calls that run fail, and it ends by itself.
  void Leave();
  /// Leave(), and waits up to `patience` for its end.
  void End(std::chrono::milliseconds patience);

 private:
  enum class Cause { kAsked, kItself, kHung };

  /// One call and what belongs to it.
  struct Conversation;

  KeyProcess(Launcher& launcher, std::string device, const Manners& manners,
             std::shared_ptr<KeyProcessFigures> figures, Launched launched);

  void End(std::chrono::milliseconds patience, Cause cause);
  int Farewell(std::chrono::milliseconds patience);
  Result<Message> NextAnswer(Conversation& conversation);
  Result<Message> Receive(Conversation& conversation);
  [[nodiscard]] Channel::TimePoint Deadline() const;
  Result<void> AnswerQuestion(Conversation& conversation, const Message& question);
  Result<void> Collect(Conversation& conversation, const Message& answer, StoreContents& contents);
  Result<PkeyPtr> TakeKey(const Conversation& conversation, const Message& answer);
  Error Failure(const Message& answer);
  std::string WhatItPrints();
  Error Ended(const Conversation& conversation);
  Error Hung(const Conversation& conversation);
  Error Lost(const Conversation& conversation, std::string message);
  std::string RunningCalls();
  void Note(const Message& message);

  Launcher& launcher_;
  const std::string device_;
  const Manners& manners_;
  const Channel::TimePoint until_;
  const std::shared_ptr<KeyProcessFigures> figures_;
  const pid_t process_;
  OutputLines printed_;
  std::atomic<bool> leaving_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> has_signed_ = false;
  std::atomic<bool> failed_to_sign_ = false;
  Guarded<std::optional<int>> status_;  ///< of the ended process
  Channel channel_;
};

}  // namespace credmint::keyprocess
