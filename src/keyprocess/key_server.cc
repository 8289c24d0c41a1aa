// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/key_server.h"

#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/at_end.h"
#include "base/closed_at_exit.h"
#include "base/foreign_call.h"
#include "base/foreign_code.h"
#include "base/guarded.h"
#include "base/idle_memory.h"
#include "base/log.h"
#include "base/standard_error.h"
#include "base/syscall_filter.h"
#include "keyprocess/channel.h"
#include "keyprocess/make_signature.h"
#include "keyprocess/remote_key.h"
#include "keyprocess/sandbox.h"
#include "ossl/error_queue.h"
#include "ossl/pkcs12.h"
#include "ossl/read_store.h"

namespace credmint::keyprocess {
namespace {

using TimePoint = Channel::TimePoint;

/// More threads than a token has sessions do not help.
constexpr int kMostThreads = 64;
constexpr unsigned kLongestEnd = 5;  // seconds
constexpr std::chrono::seconds kRest{1};

/// The call that this thread answers, for a signature that a policy needs.
thread_local std::uint32_t current_call = 0;

/// The provider's name in a property query of ours; empty for any.
std::string_view ProviderOf(std::string_view properties) {
  constexpr std::string_view kPrefix = "provider=";
  return properties.starts_with(kPrefix) ? properties.substr(kPrefix.size()) : "";
}

/// The key that a policy requires. It is in the main process, or in yet another one.
class AskingSigner final : public RemoteSigner {
 public:
  explicit AskingSigner(Channel& channel) : channel_(channel) {}

  [[nodiscard]] Result<Bytes> Sign(SignMessage request) const override;

 private:
  Channel& channel_;
};

Result<Bytes> AskingSigner::Sign(SignMessage request) const {
  const std::uint32_t call = current_call;
  if (auto sent = channel_.Send({call, Kind::kAskSignature, Encode(request)}); !sent) {
    return Fail(std::move(sent));
  }
  auto answer = channel_.Receive(call, TimePoint::max());
  if (!answer) return Fail(std::move(answer));
  if (answer->kind != Kind::kSignature) return Fail(DecodeError(answer->body));
  return DecodeBytes(answer->body);
}

/// The device's failure may be the sandbox's doing.
Error NameDenials(Error error) {
  const bool fails = error.code == ErrorCode::kModule || error.code == ErrorCode::kModuleFailed ||
                     error.code == ErrorCode::kDevice || error.code == ErrorCode::kDeviceLost;
  const std::string denied = fails ? SyscallFilter::Denied() : "";
  if (denied.empty()) return error;
  error.message += fmt::format(" (the sandbox denied {})", denied);
  error.SetRemedy(Remedy::kAllowAccess);
  return error;
}

class KeyServer {
 public:
  KeyServer(OSSL_LIB_CTX* context, std::vector<BuiltinProvider> builtin, Descriptor socket,
            bool rests)
      : context_(LibraryContext::InChild(context)),
        builtin_(std::move(builtin)),
        channel_(std::move(socket)),
        rests_(rests),
        rested_(!rests) {}

  /// Answers calls until the socket closes, and then ends the process.
  [[noreturn]] void Run();

 private:
  [[noreturn]] void Work();
  [[noreturn]] void End();
  Result<Message> NextQuestion();
  void Confine(ForeignNeeds needs);
  void Tighten();
  void AddThread();
  void Answer(const Message& question);
  void Send(std::uint32_t call, Kind kind, Secret body);
  Result<void> AnswerLoad(const Message& question);
  Result<void> AnswerSign(const Message& question);
  Result<PkeyPtr> PolicySigner(PublicParameters wanted);
  Result<void> LoadProviders(const std::vector<std::string>& names);
  Result<StoreContents> Load(LoadMessage& load);
  Result<void> SendContents(std::uint32_t call, StoreContents contents, std::string_view provider);
  Result<void> SendKey(std::uint32_t call, PkeyPtr key, std::string_view wanted_provider);
  Result<Secret> Ask(std::uint32_t call, const PassphraseRequest& request);
  void Release(const Message& question);

  struct Keys {
    std::uint32_t last = 0;
    std::map<std::uint32_t, std::shared_ptr<EVP_PKEY>> by_number;
  };

  LibraryContext context_;
  const std::vector<BuiltinProvider> builtin_;
  Channel channel_;
  Guarded<Keys> keys_;
  Result<void> has_builtin_;
  Guarded<bool> has_providers_{false};  ///< those of the first load, too
  const bool rests_;
  std::atomic<bool> rested_;  ///< idle memory is released, or never is
  SandboxRules sandbox_;      ///< set by the first load
  ForeignNeeds needs_;        ///< of the first foreign code
  std::atomic<bool> confined_ = false;
  std::atomic<bool> tightened_ = false;
  std::atomic<bool> lost_ = false;  ///< an answer could not be sent
  std::atomic<int> running_ = 0;
  std::atomic<int> idle_ = 0;
  std::atomic<int> threads_ = 0;
};

void KeyServer::Run() {
  LoginCall::SetListener([this](LoginCall::Stage stage) {
    const bool begins = stage == LoginCall::Stage::kBegins;
    static_cast<void>(channel_.Send(
        {current_call, Kind::kLogin, EncodeNumber(begins ? kLoginBegins : kLoginIsAccepted)}));
  });
  SetLogListener([this](bool warning, std::string_view text) {
    static_cast<void>(
        channel_.Send({0, Kind::kLog, Encode(LogMessage{warning, std::string(text)})}));
  });
  ForeignCode::SetListener([this](ForeignCode::Stage stage, ForeignNeeds needs) {
    stage == ForeignCode::Stage::kBeforeLoading ? Confine(std::move(needs)) : Tighten();
  });
  // The first question comes a moment later if this process was started ahead.
  has_builtin_ = context_.LoadBuiltin(builtin_);
  if (has_builtin_) has_builtin_ = context_.LoadProviders({});
  Work();
}

/// Enters the sandbox before the first foreign code is loaded. Until then there is one thread,
/// because threads that exist already would keep their rights.
void KeyServer::Confine(ForeignNeeds needs) {
  if (confined_.exchange(true)) return;
  needs_ = std::move(needs);
  for (const std::string& lack : EnterSandbox(sandbox_, needs_)) {
    LogDebug("the sandbox is not complete: " + lack);
  }
  AddThread();
}

void KeyServer::Tighten() {
  if (!tightened_.exchange(true)) TightenSandbox(sandbox_, needs_);
}

/// Begins nothing more with a TPM, lets calls end, and ends the process. If that takes too long,
/// the alarm ends it.
void KeyServer::End() {
  static std::atomic<bool> ends = false;
  while (ends.exchange(true)) pause();  // another thread is here
  signal(SIGALRM, SIG_DFL);             // a module may have changed it
  sigset_t alarmed;
  sigemptyset(&alarmed);
  sigaddset(&alarmed, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarmed, nullptr);
  alarm(kLongestEnd);
  ClosedAtExit::CloseAll();
  constexpr std::chrono::milliseconds kPause{1};
  while (running_ > 0) std::this_thread::sleep_for(kPause);
  EndQuickly(0);
}

/// Answers calls until the channel ends. Another thread waits meanwhile, so that a question is
/// never left lying behind a call that takes its time.
void KeyServer::Work() {
  for (;;) {
    ++idle_;
    auto question = NextQuestion();
    const bool is_call = question && question->kind != Kind::kRelease;
    if (--idle_ == 0 && is_call && confined_) AddThread();
    if (!question) End();
    ++running_;
    Answer(*question);
    channel_.End(question->call);
    // A module may have closed the socket. Then nobody else notices.
    if (--running_ == 0 && lost_) End();
  }
}

/// Waits for a question. Memory that is not needed meanwhile is released once, after a while.
Result<Message> KeyServer::NextQuestion() {
  for (;;) {
    const auto deadline = rested_ ? TimePoint::max() : Channel::Clock::now() + kRest;
    auto question = channel_.ReceiveNew(deadline);
    if (question || question.error().code != ErrorCode::kTimeout) {
      if (rests_) rested_ = false;
      return question;
    }
    if (running_ == 0 && !rested_.exchange(true)) ReleaseIdleMemory();
  }
}

void KeyServer::AddThread() {
  if (threads_ >= kMostThreads) return;
  ++threads_;
  try {
    std::thread([this] { Work(); }).detach();
  } catch (const std::system_error&) {
    --threads_;
  }
}

void KeyServer::Send(std::uint32_t call, Kind kind, Secret body) {
  if (!channel_.Send({call, kind, std::move(body)})) lost_ = true;
}

void KeyServer::Answer(const Message& question) {
  current_call = question.call;
  Result<void> answered;
  switch (question.kind) {
    case Kind::kLoad:
      answered = AnswerLoad(question);
      break;
    case Kind::kSign:
      answered = AnswerSign(question);
      break;
    case Kind::kRelease:
      Release(question);
      break;
    case Kind::kAskCalls:
      Send(question.call, Kind::kCalls, EncodeText(ForeignCall::Running()));
      break;
    default:
      answered = Fail(ErrorCode::kInternal, "the key process does not know this question");
  }
  if (!answered) Send(question.call, Kind::kError, Encode(answered.error()));
}

void KeyServer::Release(const Message& question) {
  const auto number = DecodeNumber(question.body);
  std::shared_ptr<EVP_PKEY> released;  // destroyed without the lock
  const auto keys = keys_.Lock();
  const auto found = keys->by_number.find(number.value_or(0));
  if (found == keys->by_number.end()) return;
  released = std::move(found->second);
  keys->by_number.erase(found);
}

Result<void> KeyServer::AnswerLoad(const Message& question) {
  auto load = DecodeLoad(question.body);
  if (!load) return Fail(std::move(load));
  if (!confined_) sandbox_ = std::move(load->options.device.sandbox);
  if (auto loaded = LoadProviders(load->options.device.providers); !loaded) return loaded;
  load->options.device = {};  // it is here
  const std::uint32_t call = question.call;
  load->options.passphrase = [&](const PassphraseRequest& request) { return Ask(call, request); };
  PkeyPtr signer;
  if (!load->signer_parameter.empty()) {
    auto found = PolicySigner(std::move(load->signer));
    if (!found) return Fail(std::move(found));
    signer = *std::move(found);
    load->options.key.emplace(load->signer_parameter, signer.get());
  }
  auto contents = Load(*load);
  if (!contents) return Fail(NameDenials(std::move(contents).error()));
  return SendContents(call, *std::move(contents), ProviderOf(load->options.properties));
}

/// The key that a policy requires. If it is here, the main process is not asked for its signatures:
/// that question would wait for the device that the asking call uses.
Result<PkeyPtr> KeyServer::PolicySigner(PublicParameters wanted) {
  {
    const auto keys = keys_.Lock();
    for (const auto& [number, key] : keys->by_number) {
      const auto found = PublicParameters::From(key.get());
      if (!found || *found != wanted) continue;
      EVP_PKEY_up_ref(key.get());
      return PkeyPtr(key.get());
    }
  }
  return MakeRemoteKey(context_, std::move(wanted), std::make_shared<const AskingSigner>(channel_));
}

Result<void> KeyServer::LoadProviders(const std::vector<std::string>& names) {
  if (!has_builtin_) return Fail(Error(has_builtin_.error()));
  const auto has_providers = has_providers_.Lock();
  if (*has_providers || names.empty()) return {};
  ForeignCode::Announce([] { return ForeignNeeds(); });
  auto loaded = context_.LoadProviders(names);
  *has_providers = loaded.has_value();
  return loaded;
}

Result<void> KeyServer::SendContents(std::uint32_t call, StoreContents contents,
                                     std::string_view provider) {
  for (PkeyPtr& key : contents.keys) {
    if (auto sent = SendKey(call, std::move(key), provider); !sent) return sent;
  }
  for (const X509Ptr& certificate : contents.certificates) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    if (size < 0) return Fail(TakeOpensslError(ErrorCode::kCertificate));
    Send(call, Kind::kCertificate, EncodeBytes({der, static_cast<std::size_t>(size)}));
    OPENSSL_free(der);
  }
  for (const StoreName& name : contents.names) Send(call, Kind::kName, Encode(name));
  Send(call, Kind::kDone, Secret());
  return {};
}

Result<StoreContents> KeyServer::Load(LoadMessage& load) {
  Place& place = load.place;
  switch (place.form) {
    case Place::Form::kUri:
      return OpenStore(context_, place.name, load.options);
    case Place::Form::kContents:
      return ReadStore(context_, place.contents, place.name, load.options);
    case Place::Form::kPkcs12:
      return ReadPkcs12(context_, place.contents, load.options);
    case Place::Form::kNothing:
      break;
  }
  return StoreContents();
}

/// A second check besides the property query: the key must be the device's, not a copy in memory.
Result<void> KeyServer::SendKey(std::uint32_t call, PkeyPtr key, std::string_view wanted_provider) {
  const OSSL_PROVIDER* provider = EVP_PKEY_get0_provider(key.get());
  const std::string name = provider != nullptr ? OSSL_PROVIDER_get0_name(provider) : "";
  if (!wanted_provider.empty() && name != wanted_provider) {
    return Fail(ErrorCode::kInternal, "the key did not come from its device");
  }
  auto public_key = PublicParameters::From(key.get());
  if (!public_key) return Fail(std::move(public_key));
  KeyMessage message{0, *std::move(public_key)};
  {
    const auto keys = keys_.Lock();
    message.key = ++keys->last;
    keys->by_number[message.key] = std::move(key);
  }
  Send(call, Kind::kKey, Encode(message));
  return {};
}

Result<Secret> KeyServer::Ask(std::uint32_t call, const PassphraseRequest& request) {
  if (auto sent = channel_.Send({call, Kind::kAskSecret, Encode(request)}); !sent) {
    return Fail(std::move(sent));
  }
  auto answer = channel_.Receive(call, TimePoint::max());
  if (!answer) return Fail(std::move(answer));
  if (answer->kind != Kind::kSecret) return Fail(DecodeError(answer->body));
  return DecodeSecret(answer->body);
}

Result<void> KeyServer::AnswerSign(const Message& question) {
  auto message = DecodeSign(question.body);
  if (!message) return Fail(std::move(message));
  std::shared_ptr<EVP_PKEY> key;
  {
    const auto keys = keys_.Lock();
    const auto found = keys->by_number.find(message->key);
    if (found != keys->by_number.end()) key = found->second;
  }
  if (!key) return Fail(ErrorCode::kDeviceLost, "the key process does not know the key");
  auto signature = MakeSignature(context_, key.get(), *message);
  if (!signature) return Fail(std::move(signature));
  Send(question.call, Kind::kSignature, EncodeBytes(*signature));
  return {};
}

}  // namespace

void ServeKeys(OSSL_LIB_CTX* context, std::vector<BuiltinProvider> builtin, Descriptor socket,
               bool rests) {
  EndOnlyQuickly();
  ForbidCatchingStandardError();
  // Not destroyed: a thread may be in a call that does not return.
  mallopt(M_ARENA_MAX, 1);  // one heap is smaller than several
  auto* const server = new KeyServer(context, std::move(builtin), std::move(socket), rests);
  server->Run();
}

}  // namespace credmint::keyprocess
