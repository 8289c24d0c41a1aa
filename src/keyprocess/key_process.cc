// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/key_process.h"

#include <fmt/format.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "keyprocess/make_signature.h"
#include "keyprocess/remote_key.h"
#include "ossl/certificate.h"

namespace credmint::keyprocess {
namespace {

using std::chrono::milliseconds;

/// How long a process that has closed its socket may take to end.
constexpr milliseconds kPatience{1000};
constexpr milliseconds kSlow{2000};
constexpr milliseconds kQuickAnswer{200};
constexpr std::size_t kMostObjects = 100000;

std::string DescribeStatus(int status) {
  if (status < 0) return "has ended";
  if (!WIFSIGNALED(status)) {
    return fmt::format("ended the process with exit status {}", WEXITSTATUS(status));
  }
  const char* name = sigabbrev_np(WTERMSIG(status));
  return fmt::format("crashed (SIG{})", name != nullptr ? name : "?");
}

/// The end of all waiting for a process that starts now.
Channel::TimePoint EndOf(const Manners& manners) {
  if (manners.part.count() == 0) return manners.until;
  return std::min(manners.until, Channel::Clock::now() + manners.part);
}

/// A key in a key process. It keeps that process, and what the key's policy needs.
class KeyThere final : public RemoteSigner {
 public:
  KeyThere(std::shared_ptr<KeyProcess> process, const LibraryContext& context, std::uint32_t number,
           PkeyPtr policy_signer)
      : process_(std::move(process)),
        context_(context),
        number_(number),
        policy_signer_(std::move(policy_signer)) {}
  ~KeyThere() override { process_->Release(number_); }

  [[nodiscard]] Result<Bytes> Sign(SignMessage request) const override {
    request.key = number_;
    return process_->Sign(context_, request, policy_signer_.get());
  }

 private:
  std::shared_ptr<KeyProcess> process_;
  const LibraryContext& context_;
  std::uint32_t number_;
  PkeyPtr policy_signer_;
};

PkeyPtr Share(EVP_PKEY* key) {
  if (key != nullptr) EVP_PKEY_up_ref(key);
  return PkeyPtr(key);
}

}  // namespace

struct KeyProcess::Conversation {
  Channel::Call call;
  const LibraryContext& context;
  std::string purpose;  ///< "to sign"
  const PassphraseFunction* passphrase = nullptr;
  EVP_PKEY* policy_signer = nullptr;
  Channel::TimePoint slow = Channel::Clock::now() + kSlow;
  Channel::TimePoint deadline = Channel::TimePoint::max();
  Channel::TimePoint begun = Channel::Clock::now();
  bool is_logging_in = false;
  std::string subject = "the token";  ///< of the last secret asked for
};

Result<std::shared_ptr<KeyProcess>> KeyProcess::Start(Launcher& launcher, std::string device,
                                                      const Manners& manners,
                                                      std::shared_ptr<KeyProcessFigures> figures) {
  auto launched = launcher.Launch();
  if (!launched) return Fail(std::move(launched));
  return std::shared_ptr<KeyProcess>(new KeyProcess(launcher, std::move(device), manners,
                                                    std::move(figures), *std::move(launched)));
}

KeyProcess::KeyProcess(Launcher& launcher, std::string device, const Manners& manners,
                       std::shared_ptr<KeyProcessFigures> figures, Launched launched)
    : launcher_(launcher),
      device_(std::move(device)),
      manners_(manners),
      until_(EndOf(manners)),
      figures_(std::move(figures)),
      process_(launched.process),
      printed_([this](const std::string& line) {
        LogDebug(fmt::format("{} prints: {}", device_, line));
        figures_->Lock()->printed = line;
      }),
      channel_(std::move(launched.socket), std::move(launched.output),
               {.noted = [this](const Message& message) { Note(message); },
                .read = [this](std::string_view bytes) { printed_.Add(bytes); }}) {}

KeyProcess::~KeyProcess() { End(milliseconds(0)); }

void KeyProcess::Leave() {
  leaving_ = true;
  channel_.Close();
}

void KeyProcess::End(milliseconds patience) { End(patience, Cause::kAsked); }

void KeyProcess::End(milliseconds patience, Cause cause) {
  channel_.Close();
  const auto known = status_.Lock();
  if (known->has_value()) return;
  ended_ = true;
  if (cause == Cause::kAsked) {
    *known = Farewell(patience);
    return;
  }
  const int status = launcher_.End(process_, patience, true);
  *known = status;
  const char* name = WIFSIGNALED(status) ? "crashed" : "exited";
  ++figures_->Lock()->ends[cause == Cause::kHung ? "hung" : name];
}

/// Lets a process that was asked to end finish a login first. Once it has closed its output, the
/// device is closed, and only its memory is still freed. Nobody waits for that.
int KeyProcess::Farewell(milliseconds patience) {
  channel_.ReadOutputToEnd(OpenProcess(process_), Channel::Clock::now() + patience);
  return launcher_.End(process_, milliseconds(0), false);
}

bool KeyProcess::IsRunning() {
  if (!ended_ && channel_.IsOpen()) return true;
  if (!ended_) End(kPatience, Cause::kItself);
  return false;
}

void KeyProcess::Note(const Message& message) {
  if (message.kind != Kind::kLog) return;
  const auto log = DecodeLog(message.body);
  if (!log) return;
  log->warning ? LogWarning(log->text) : LogDebug(log->text);
}

Result<StoreContents> KeyProcess::Load(const LibraryContext& context, const Place& place,
                                       const StoreOptions& options) {
  Conversation conversation{.call = Channel::Call(channel_),
                            .context = context,
                            .purpose = "to open the key",
                            .passphrase = &options.passphrase,
                            .policy_signer = options.key ? options.key->second : nullptr,
                            .deadline = Deadline()};
  PublicParameters signer;
  if (options.key) {
    auto of_policy = PublicParameters::From(options.key->second);
    if (!of_policy) return Fail(std::move(of_policy));
    signer = *std::move(of_policy);
  }
  if (!conversation.call.Send(Kind::kLoad, EncodeLoad(place, options, signer))) {
    return Fail(Ended(conversation));
  }
  // The answer takes milliseconds. A signature and TLS need these next.
  if (options.expect == StoreExpect::kPrivateKey) context.FetchForThreads();
  StoreContents contents;
  for (;;) {
    auto answer = NextAnswer(conversation);
    if (!answer) return Fail(std::move(answer));
    if (answer->kind == Kind::kDone) return contents;
    if (answer->kind == Kind::kError) return Fail(Failure(*answer));
    if (auto taken = Collect(conversation, *answer, contents); !taken)
      return Fail(std::move(taken));
  }
}

Result<void> KeyProcess::Collect(Conversation& conversation, const Message& answer,
                                 StoreContents& contents) {
  const std::size_t count =
      contents.keys.size() + contents.certificates.size() + contents.names.size();
  if (count >= kMostObjects) return Fail(ErrorCode::kDevice, device_ + " shows too many objects");
  if (answer.kind == Kind::kKey) {
    auto key = TakeKey(conversation, answer);
    if (!key) return Fail(std::move(key));
    contents.keys.push_back(*std::move(key));
    return {};
  }
  if (answer.kind == Kind::kName) {
    auto name = DecodeName(answer.body);
    if (!name) return Fail(std::move(name));
    contents.names.push_back(*std::move(name));
    return {};
  }
  if (answer.kind != Kind::kCertificate) {
    return Fail(ErrorCode::kDevice, "the key process sent an answer that nobody asked for");
  }
  const auto der = DecodeBytes(answer.body);
  if (!der) return Fail(der);
  const unsigned char* cursor = der->data();
  const ErrorMark mark;
  X509Ptr certificate(d2i_X509(nullptr, &cursor, static_cast<long>(der->size())));
  // A damaged certificate is skipped, as OpenSSL does it with what a provider shows.
  if (certificate) contents.certificates.push_back(std::move(certificate));
  return {};
}

Result<PkeyPtr> KeyProcess::TakeKey(const Conversation& conversation, const Message& answer) {
  const auto key = DecodeKey(answer.body);
  if (!key) return Fail(key);
  return MakeRemoteKey(
      conversation.context, key->public_key,
      std::make_shared<const KeyThere>(shared_from_this(), conversation.context, key->key,
                                       Share(conversation.policy_signer)));
}

Result<Bytes> KeyProcess::Sign(const LibraryContext& context, const SignMessage& request,
                               EVP_PKEY* signer) {
  Conversation conversation{.call = Channel::Call(channel_),
                            .context = context,
                            .purpose = "to sign",
                            .policy_signer = signer,
                            .deadline = Deadline()};
  if (!conversation.call.Send(Kind::kSign, Encode(request))) return Fail(Ended(conversation));
  const auto asked = Channel::Clock::now();
  auto answer = NextAnswer(conversation);
  if (!answer) return Fail(std::move(answer));
  const std::chrono::duration<double> took = Channel::Clock::now() - asked;
  figures_->Lock()->signing.Add(took.count());
  has_signed_ = has_signed_ || answer->kind == Kind::kSignature;
  if (answer->kind == Kind::kError) {
    Error error = DecodeError(answer->body);
    failed_to_sign_ =
        failed_to_sign_ || error.code == ErrorCode::kDevice || error.code == ErrorCode::kDeviceLost;
    return Fail(std::move(error));
  }
  if (answer->kind == Kind::kSignature) return DecodeBytes(answer->body);
  return Fail(ErrorCode::kDevice, "the key process sent an answer that nobody asked for");
}

void KeyProcess::Release(std::uint32_t key) {
  if (ended_) return;
  const Channel::Call call(channel_);
  static_cast<void>(call.Send(Kind::kRelease, EncodeNumber(key)));
}

/// The next message that is no question. Answers questions.
Result<Message> KeyProcess::NextAnswer(Conversation& conversation) {
  for (;;) {
    auto message = Receive(conversation);
    if (!message) return message;
    const Kind kind = message->kind;
    if (kind == Kind::kLogin) {
      const auto stage = DecodeNumber(message->body);
      conversation.is_logging_in = !stage || *stage != kLoginIsAccepted;
      continue;
    }
    if (kind != Kind::kAskSecret && kind != Kind::kAskSignature) return message;
    const auto asked = Channel::Clock::now();
    auto answered = AnswerQuestion(conversation, *message);
    if (!answered) return Fail(Ended(conversation));
    const auto took = Channel::Clock::now() - asked;  // a person may have typed
    conversation.slow += took;
    if (conversation.deadline != Channel::TimePoint::max()) conversation.deadline += took;
  }
}

Result<Message> KeyProcess::Receive(Conversation& conversation) {
  const auto deadline = std::min(conversation.deadline, until_);
  const bool tells = manners_.slow && conversation.slow < deadline;
  auto message = conversation.call.Receive(tells ? conversation.slow : deadline);
  if (tells && !message && message.error().code == ErrorCode::kTimeout) {
    conversation.slow = Channel::TimePoint::max();
    manners_.slow(fmt::format("{} {}", device_, conversation.purpose));
    message = conversation.call.Receive(deadline);
  }
  if (message) return message;
  const bool hangs = message.error().code == ErrorCode::kTimeout;
  return Fail(hangs ? Hung(conversation) : Ended(conversation));
}

/// Fails only if the answer cannot be sent.
Result<void> KeyProcess::AnswerQuestion(Conversation& conversation, const Message& question) {
  const auto refuse = [&](const Error& error) {
    return conversation.call.Send(Kind::kError, Encode(error));
  };
  if (question.kind == Kind::kAskSecret) {
    const auto request = DecodeAskSecret(question.body);
    if (!request) return refuse(request.error());
    if (conversation.passphrase == nullptr || !*conversation.passphrase) {
      return refuse({ErrorCode::kPinRequired, "no passphrase was given", {}});
    }
    const auto secret = (*conversation.passphrase)(*request);
    if (!secret) return refuse(secret.error());
    conversation.subject = request->subject;
    return conversation.call.Send(Kind::kSecret, EncodeSecret(*secret));
  }
  if (conversation.policy_signer == nullptr) {
    return refuse({ErrorCode::kKeyUnusable, "no key is given that signs for the policy", {}});
  }
  const auto request = DecodeSign(question.body);
  if (!request) return refuse(request.error());
  const auto signature = MakeSignature(conversation.context, conversation.policy_signer, *request);
  if (!signature) return refuse(signature.error());
  return conversation.call.Send(Kind::kSignature, EncodeBytes(*signature));
}

/// A module that cannot be used often prints why.
Error KeyProcess::Failure(const Message& answer) {
  Error error = DecodeError(answer.body);
  const bool is_of_module =
      error.code == ErrorCode::kModule || error.code == ErrorCode::kModuleFailed;
  if (is_of_module) error.message += WhatItPrints();
  return error;
}

std::string KeyProcess::WhatItPrints() {
  channel_.DrainOutput();
  const std::string last = printed_.Last();
  return last.empty() ? "" : fmt::format(" (it prints: {})", last);
}

/// The process has ended, or has closed its socket.
Error KeyProcess::Ended(const Conversation& conversation) {
  if (leaving_) return {ErrorCode::kDevice, "the program is ending", {}};
  End(kPatience, Cause::kItself);
  const std::string how = DescribeStatus(status_.Lock()->value_or(-1));
  return Lost(conversation, fmt::format("{} {}{}", device_, how, WhatItPrints()));
}

/// The process does not answer. Ends it.
Error KeyProcess::Hung(const Conversation& conversation) {
  const std::string calls = RunningCalls();
  End(milliseconds(0), Cause::kHung);
  const std::chrono::duration<double> waited = Channel::Clock::now() - conversation.begun;
  return Lost(
      conversation,
      fmt::format("{} took more than {:.0f} s {}{}", device_, waited.count(), conversation.purpose,
                  calls.empty() ? "" : fmt::format(" ({} does not return)", calls)));
}

Error KeyProcess::Lost(const Conversation& conversation, std::string message) {
  if (!conversation.is_logging_in) return {ErrorCode::kDevice, std::move(message), {}};
  if (conversation.passphrase == nullptr) figures_->Lock()->interrupted = true;
  return {ErrorCode::kPinIncorrect,
          fmt::format("{} while logging in to {}; the PIN counts as refused", message,
                      conversation.subject),
          "mend the module, then restart the program or send it SIGHUP"};
}

Channel::TimePoint KeyProcess::Deadline() const {
  return manners_.timeout.count() > 0 ? Channel::Clock::now() + manners_.timeout
                                      : Channel::TimePoint::max();
}

/// Asks the process which calls run there; empty if it does not even answer that.
std::string KeyProcess::RunningCalls() {
  const Channel::Call call(channel_);
  if (!call.Send(Kind::kAskCalls, Secret())) return {};
  const auto answer = call.Receive(Channel::Clock::now() + kQuickAnswer);
  if (!answer || answer->kind != Kind::kCalls) return {};
  return DecodeText(answer->body).value_or("");
}

}  // namespace credmint::keyprocess
