// SPDX-License-Identifier: Apache-2.0
#include "cli/output/terminal_prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <span>
#include <string_view>
#include <utility>

#include "base/closed_at_exit.h"
#include "base/descriptor.h"
#include "base/mutex.h"
#include "base/printable.h"

namespace credmint::cli {
namespace {

constexpr std::size_t kMaxTyped = 255;

/// Less than the minute after which an SDK kills its credential_process, which would leave the
/// terminal without echo.
constexpr int kLongestPauseMilliseconds = 45'000;

constexpr char kCtrlC = 0x03;
constexpr char kCtrlD = 0x04;
constexpr char kCtrlU = 0x15;
constexpr char kCtrlBackslash = 0x1c;
constexpr char kBackspace = 0x08;
constexpr char kDelete = 0x7f;

tl::unexpected<Error> NoAnswer(std::string message) {
  return Fail(ErrorCode::kPinRequired, std::move(message));
}

tl::unexpected<Error> HungUp() { return NoAnswer("the terminal hung up"); }

/// Blocks the signals that would end or stop the process in the middle, and reports through a
/// descriptor that one arrived. The signal is delivered when this object goes. A signal that is
/// ignored (nohup) or already blocked (end_signals.h) stays so. Blocked, SIGTTIN becomes an error
/// of read(), and SIGTTOU has no effect.
class HeldSignals {
 public:
  HeldSignals() : watched_(Watched()), pending_(signalfd(-1, &watched_, SFD_CLOEXEC)) {
    sigset_t held = watched_;
    for (const int stop : {SIGTSTP, SIGTTIN, SIGTTOU}) sigaddset(&held, stop);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// Readable once a signal has arrived; -1 if the system is out of descriptors.
  [[nodiscard]] int descriptor() const { return pending_.get(); }

 private:
  static sigset_t Watched() {
    sigset_t watched;
    sigemptyset(&watched);
    sigset_t held;
    pthread_sigmask(SIG_SETMASK, nullptr, &held);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      struct sigaction action {};
      sigaction(number, nullptr, &action);
      const bool held_already = sigismember(&held, number) == 1;
      if (action.sa_handler != SIG_IGN && !held_already) sigaddset(&watched, number);
    }
    return watched;
  }

  sigset_t watched_;
  sigset_t before_{};
  Descriptor pending_;
};

/// Turns off echo, line editing and the keys that send signals, as long as this object lives. Ends
/// the line when it goes.
class Silence final : public ClosedAtExit {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    Enter();
    const MutexLock lock(mutex_);
    if (!closed_) Begin();
  }
  ~Silence() override {
    Leave();
    Close();
  }

  void Close() noexcept override {
    const MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    if (kept_) static_cast<void>(write(terminal_, "\n", 1) == 1);  // the terminal may be gone
    if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

  [[nodiscard]] bool kept() const {
    const MutexLock lock(mutex_);
    return kept_;
  }
  [[nodiscard]] bool counts_characters() const {
    const MutexLock lock(mutex_);
    return (before_.c_iflag & IUTF8) != 0;
  }

 private:
  void Begin() CREDMINT_REQUIRES(mutex_) {
    if (tcgetattr(terminal_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    changed_ = true;
    kept_ = tcsetattr(terminal_, TCSAFLUSH, &silent) == 0;
  }

  const int terminal_;
  mutable Mutex mutex_;
  termios before_ CREDMINT_GUARDED_BY(mutex_){};
  bool changed_ CREDMINT_GUARDED_BY(mutex_) = false;
  bool kept_ CREDMINT_GUARDED_BY(mutex_) = false;
  bool closed_ CREDMINT_GUARDED_BY(mutex_) = false;
};

/// Whether what is typed is shown. Corrections are not: they only count.
enum class Echo { kOff, kOn };

/// The line being typed; wiped at the end.
class Line {
 public:
  explicit Line(bool utf8) : utf8_(utf8) {}
  ~Line() { Clear(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void Add(char c) {
    too_long_ = too_long_ || size_ == bytes_.size();
    spoilt_ = spoilt_ || (c >= 0 && c < ' ' && c != '\t');
    if (!too_long_) bytes_[size_++] = c;
  }

  /// Removes the last character, which may have several bytes in UTF-8.
  void Erase() {
    while (size_ > 0) {
      const auto last = static_cast<unsigned char>(bytes_[--size_]);
      if (!utf8_ || (last & 0xC0) != 0x80) return;
    }
  }
  void Clear() {
    explicit_bzero(bytes_.data(), bytes_.size());
    size_ = 0;
    too_long_ = false;
    spoilt_ = false;
  }
  Result<Secret> Take() {
    if (too_long_) return NoAnswer("the input is longer than 255 bytes");
    if (spoilt_) return NoAnswer("the input holds control characters");
    return Secret::Take(std::span(bytes_).first(size_));
  }

 private:
  bool utf8_;
  std::array<char, kMaxTyped> bytes_{};
  std::size_t size_ = 0;
  bool too_long_ = false;
  bool spoilt_ = false;
};

/// Waits until the terminal is ready for `event`.
Result<void> WaitFor(short event, int terminal, const HeldSignals& signals) {
  std::array<pollfd, 2> waiting = {{{terminal, event, 0}, {signals.descriptor(), POLLIN, 0}}};
  int ready = 0;
  while ((ready = poll(waiting.data(), waiting.size(), kLongestPauseMilliseconds)) < 0) {
    if (errno != EINTR) return HungUp();
  }
  if (ready == 0) return NoAnswer("nothing was typed at the terminal for 45 seconds");
  if (waiting[1].revents != 0) return NoAnswer("interrupted by a signal");
  if ((waiting[0].revents & event) == 0) return HungUp();
  return {};
}

Result<void> Show(std::string_view text, int terminal, const HeldSignals& signals) {
  while (!text.empty()) {
    if (auto ready = WaitFor(POLLOUT, terminal, signals); !ready) return ready;
    const ssize_t count = write(terminal, text.data(), text.size());
    if (count < 0 && errno != EAGAIN && errno != EINTR) return HungUp();
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<char> ReadKey(int terminal, const HeldSignals& signals) {
  for (;;) {
    if (auto ready = WaitFor(POLLIN, terminal, signals); !ready) return Fail(std::move(ready));
    char key = 0;
    const ssize_t count = read(terminal, &key, 1);
    if (count == 1) return key;
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) return HungUp();
  }
}

Result<Secret> ReadLine(int terminal, bool utf8, Echo echo, const HeldSignals& signals) {
  Line line(utf8);
  for (;;) {
    const auto key = ReadKey(terminal, signals);
    if (!key) return Fail(key);
    if (echo == Echo::kOn && *key >= ' ' && *key < kDelete) {
      if (auto shown = Show({&*key, 1}, terminal, signals); !shown) return Fail(std::move(shown));
    }
    switch (*key) {
      case '\n':
      case '\r':
        return line.Take();
      case kCtrlC:
      case kCtrlD:
      case kCtrlBackslash:
        return NoAnswer("cancelled at the terminal");
      case kBackspace:
      case kDelete:
        line.Erase();
        break;
      case kCtrlU:
        line.Clear();
        break;
      default:
        line.Add(*key);
    }
  }
}

Result<Secret> AskAt(int terminal, const std::string& text, Echo echo = Echo::kOff) {
  const HeldSignals signals;
  const Silence silence(terminal);
  if (signals.descriptor() < 0 || !silence.kept()) return NoAnswer("the terminal cannot be set up");
  if (auto shown = Show(text, terminal, signals); !shown) return Fail(std::move(shown));
  return ReadLine(terminal, silence.counts_characters(), echo, signals);
}

std::string_view Noun(PassphraseKind kind) {
  switch (kind) {
    case PassphraseKind::kTokenPin:
    case PassphraseKind::kContextPin:
      return "PIN";
    case PassphraseKind::kTpmAuth:
    case PassphraseKind::kTpmAuthIfAny:
      return "auth value";
    case PassphraseKind::kFile:
    case PassphraseKind::kForeign:
      break;
  }
  return "passphrase";
}

std::string LastAnswer(const PassphraseRequest& request, PromptReason reason) {
  switch (reason) {
    case PromptReason::kNeeded:
      break;
    case PromptReason::kRefused:
      return fmt::format("credmint: that {} was refused\n", Noun(request.kind));
    case PromptReason::kRefusedAlready:
      return fmt::format("credmint: that {} was refused already\n", Noun(request.kind));
  }
  return "";
}

/// The controlling terminal, if this process is in its foreground.
Descriptor OpenTerminal() {
  Descriptor terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  const bool is_ours = terminal && tcgetpgrp(terminal.get()) == getpgrp();
  return is_ours ? std::move(terminal) : Descriptor();
}

/// Asks for something that is no secret.
Result<std::string> AskOpenly(const std::string& text) {
  const Descriptor terminal = OpenTerminal();
  if (!terminal) return Fail(ErrorCode::kUsage, "there is no terminal to ask at");
  const auto typed = AskAt(terminal.get(), text, Echo::kOn);
  if (!typed) return Fail(typed);
  return std::string(typed->Reveal());
}

}  // namespace

std::string PromptText(const PassphraseRequest& request, PromptReason reason) {
  const bool context = request.kind == PassphraseKind::kContextPin;
  const bool if_any = request.kind == PassphraseKind::kTpmAuthIfAny;
  return fmt::format("{}credmint: {}{} for {}{}: ", LastAnswer(request, reason),
                     context ? "context-specific " : "", Noun(request.kind),
                     Printable(request.subject), if_any ? " (Enter if it has none)" : "");
}

bool HasTerminal() { return static_cast<bool>(OpenTerminal()); }

Result<bool> ConfirmAtTerminal(const std::string& question) {
  const auto typed = AskOpenly(fmt::format("credmint: {} Type yes: ", PrintableUtf8(question)));
  if (!typed) return Fail(typed);
  return *typed == "yes";
}

Result<std::string> AskForText(const std::string& question, const std::string& by_default) {
  auto typed = AskOpenly(
      fmt::format("credmint: {} [{}]: ", PrintableUtf8(question), PrintableUtf8(by_default)));
  if (typed && typed->empty()) return by_default;
  return typed;
}

Result<std::size_t> AskForChoice(const std::string& question,
                                 const std::vector<std::string>& choices) {
  std::string text = fmt::format("credmint: {}\n", PrintableUtf8(question));
  for (std::size_t i = 0; i < choices.size(); ++i) {
    text += fmt::format("  {}  {}\n", i + 1, PrintableUtf8(choices[i]));
  }
  const auto typed = AskOpenly(text + "Number [1]: ");
  if (!typed) return Fail(typed);
  if (typed->empty()) return std::size_t{0};
  std::size_t number = 0;
  const char* const end = typed->data() + typed->size();
  const auto [stop, error] = std::from_chars(typed->data(), end, number);
  if (error == std::errc() && stop == end && number >= 1 && number <= choices.size()) {
    return number - 1;
  }
  return Fail(ErrorCode::kUsage, "the number that was typed is not in the list");
}

Result<std::optional<Secret>> AskAtTerminal(const PassphraseRequest& request, PromptReason reason) {
  const Descriptor terminal = OpenTerminal();
  if (!terminal) return std::nullopt;
  auto typed = AskAt(terminal.get(), PromptText(request, reason));
  if (!typed) return Fail(std::move(typed));
  const bool is_pin =
      request.kind == PassphraseKind::kTokenPin || request.kind == PassphraseKind::kContextPin;
  if (is_pin && typed->empty()) return NoAnswer("nothing was typed at the terminal");
  return std::optional<Secret>(*std::move(typed));
}

}  // namespace credmint::cli
