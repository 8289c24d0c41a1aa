// SPDX-License-Identifier: Apache-2.0
#include "enrolment/issuing_process.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/closed_at_exit.h"
#include "base/descriptor.h"
#include "base/guarded.h"
#include "base/printable.h"
#include "base/write_all.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetweenLooks{10};
constexpr milliseconds kGrace{1000};  ///< between SIGTERM and SIGKILL
constexpr std::size_t kMostOfLine = 200;
constexpr int kFirstForeign = 3;

struct PipeEnds {
  Descriptor from;
  Descriptor to;
};

Result<PipeEnds> OpenPipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) == 0) return PipeEnds{Descriptor(ends[0]), Descriptor(ends[1])};
  return Fail(ErrorCode::kLocalIo, fmt::format("opening a pipe: {}", strerror(errno)));
}

/// A stream that the command reads or writes.
struct CommandStreams {
  Descriptor input;
  Descriptor output;
  Descriptor errors;
};

/// Starts the command with its streams. Returns its process, or the number of the error.
int StartShell(const std::string& line, const std::vector<std::string>& environment,
               const CommandStreams& theirs, pid_t& process) {
  std::array<std::string, 3> words = {"sh", "-c", line};
  std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  std::vector<char*> variables;
  variables.reserve(environment.size() + 1);
  for (const std::string& entry : environment) {
    variables.push_back(const_cast<char*>(entry.c_str()));
  }
  variables.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0) {
    return ENOMEM;
  }
  posix_spawn_file_actions_adddup2(&actions, theirs.input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, theirs.output.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, theirs.errors.get(), STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, kFirstForeign);
  sigset_t none;
  sigemptyset(&none);
  sigset_t by_default;
  sigemptyset(&by_default);
  sigaddset(&by_default, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &by_default);
  // A session has no terminal. In a mere process group of its own, what asks at ours would stop.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  const int error =
      posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments.data(), variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// A command in a session of its own. Its process group is killed when this process ends by a
/// signal.
class ShellCommand final : public ClosedAtExit {
 public:
  ShellCommand() { Enter(); }
  ~ShellCommand() override {
    Leave();
    if (process() > 0 && !reaped_) Await();
  }

  /// Returns the number of the error, or 0. Nothing starts once this process is ending.
  int Start(const std::string& line, const std::vector<std::string>& environment,
            const CommandStreams& theirs) {
    const auto state = state_.Lock();  // Close() waits until there is something to kill
    return state->ending ? ECANCELED : StartShell(line, environment, theirs, state->process);
  }

  void Close() noexcept override {
    const auto state = state_.Lock();
    state->ending = true;
    if (state->process > 0) kill(-state->process, SIGKILL);
  }

  /// Ends the whole group, as far as it has not ended.
  void Kill() {
    kill(-process(), SIGTERM);
    const auto until = steady_clock::now() + kGrace;
    while (!HasEnded() && steady_clock::now() < until) poll(nullptr, 0, kBetweenLooks.count());
    kill(-process(), SIGKILL);
  }

  [[nodiscard]] bool HasEnded() {
    const pid_t process = this->process();
    siginfo_t change{};
    const int looked =
        waitid(P_PID, static_cast<id_t>(process), &change, WEXITED | WNOHANG | WNOWAIT);
    return looked != 0 || change.si_pid == process;
  }

  /// Waits for the end, and returns the status of waitpid().
  int Await() {
    int status = 0;
    while (waitpid(process(), &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return status;
  }

 private:
  struct State {
    pid_t process = 0;
    bool ending = false;
  };

  pid_t process() { return state_.Lock()->process; }

  Guarded<State> state_;
  bool reaped_ = false;
};

/// The end of what a command wrote to stderr.
class LastLine {
 public:
  void Add(std::string_view text) {
    text_ += text;
    if (text_.size() > 2 * kMostOfLine) text_.erase(0, text_.size() - 2 * kMostOfLine);
  }

  /// ": what it said"; empty if it said nothing.
  [[nodiscard]] std::string AsClause() const {
    const std::size_t end = text_.find_last_not_of(" \t\r\n");
    if (end == std::string::npos) return {};
    const std::string_view whole = std::string_view(text_).substr(0, end + 1);
    const std::size_t start = whole.rfind('\n');
    return ": " +
           Printable(whole.substr(start == std::string_view::npos ? 0 : start + 1), kMostOfLine);
  }

 private:
  std::string text_;
};

/// Everything that goes to and from a command.
class CommandTalk {
 public:
  CommandTalk(ShellCommand& command, CommandStreams ours, std::string_view input)
      : command_(command), ours_(std::move(ours)), input_(input) {
    for (const Descriptor* one : {&ours_.input, &ours_.output, &ours_.errors}) {
      fcntl(one->get(), F_SETFL, O_NONBLOCK);
    }
  }

  Result<std::string> Hold(milliseconds time_limit);

 private:
  void Wait() const;
  void Write();
  void Read(Descriptor& from, bool is_output);
  [[nodiscard]] Error Failure(ErrorCode code, const std::string& what) const {
    return {code, "the command " + what + last_.AsClause(),
            "try it with a request that credmint csr makes"};
  }
  [[nodiscard]] std::optional<Error> FailureOf(int status) const;

  ShellCommand& command_;
  CommandStreams ours_;
  std::string_view input_;
  std::string output_;
  LastLine last_;
};

void CommandTalk::Wait() const {
  std::array<pollfd, 3> streams = {{{ours_.input.get(), POLLOUT, 0},
                                    {ours_.output.get(), POLLIN, 0},
                                    {ours_.errors.get(), POLLIN, 0}}};
  poll(streams.data(), streams.size(), static_cast<int>(kBetweenLooks.count()));
}

/// A command that reads no further may still succeed.
void CommandTalk::Write() {
  if (!ours_.input) return;
  const ssize_t size = write(ours_.input.get(), input_.data(), input_.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) input_.remove_prefix(static_cast<std::size_t>(size));
  if (size < 0 || input_.empty()) ours_.input = Descriptor();
}

/// Reads what is there, but not forever.
void CommandTalk::Read(Descriptor& from, bool is_output) {
  std::array<char, 4096> buffer{};
  for (std::size_t taken = 0; from && taken <= kMostOutput;) {
    const ssize_t size = read(from.get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      from = Descriptor();
      return;
    }
    const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    taken += text.size();
    if (is_output) {
      output_ += text;
    } else {
      last_.Add(text);
      WriteAll(STDERR_FILENO, text);
    }
  }
}

std::optional<Error> CommandTalk::FailureOf(int status) const {
  if (WIFSIGNALED(status)) {
    return Failure(ErrorCode::kServiceRefused,
                   fmt::format("was ended by signal {}", WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) == 0) return std::nullopt;
  return Failure(ErrorCode::kServiceRefused,
                 fmt::format("ended with status {}", WEXITSTATUS(status)));
}

Result<std::string> CommandTalk::Hold(milliseconds time_limit) {
  const auto deadline = steady_clock::now() + time_limit;
  for (bool ended = false; !ended;) {
    ended = command_.HasEnded();  // before the last read, so that nothing is missed
    if (!ended) Wait();
    Write();
    Read(ours_.output, true);
    Read(ours_.errors, false);
    if (output_.size() > kMostOutput) {
      command_.Kill();
      return Fail(ErrorCode::kServiceAnswer,
                  fmt::format("the command printed more than {} bytes", kMostOutput),
                  "it shall print the certificate and its issuers, and nothing else");
    }
    if (ended || steady_clock::now() < deadline) continue;
    command_.Kill();
    return Fail(
        ErrorCode::kTimeout,
        fmt::format("the command did not end within {} s{}",
                    std::chrono::ceil<std::chrono::seconds>(time_limit).count(), last_.AsClause()),
        Remedy::kAllowCommandTime);
  }
  if (auto failure = FailureOf(command_.Await())) return Fail(*std::move(failure));
  return std::move(output_);
}

}  // namespace

Result<std::string> RunShell(const std::string& line, const std::vector<std::string>& environment,
                             const std::string& input, milliseconds time_limit) {
  auto in = OpenPipe();
  auto out = OpenPipe();
  auto err = OpenPipe();
  for (const auto* pipe : {&in, &out, &err}) {
    if (!*pipe) return Fail(Error(pipe->error()));
  }
  ShellCommand command;
  {
    const CommandStreams theirs{std::move(in->from), std::move(out->to), std::move(err->to)};
    if (const int error = command.Start(line, environment, theirs); error != 0) {
      return Fail(ErrorCode::kLocalIo, fmt::format("running /bin/sh: {}", strerror(error)));
    }
  }
  return CommandTalk(command, {std::move(in->to), std::move(out->from), std::move(err->from)},
                     input)
      .Hold(time_limit);
}

}  // namespace credmint
