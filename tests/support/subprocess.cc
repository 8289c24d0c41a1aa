// SPDX-License-Identifier: Apache-2.0
#include "support/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace credmint::test {
namespace {

/// A pipe; its destructor closes both ends.
struct Pipe {
  std::array<int, 2> ends = {-1, -1};

  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) abort();
  }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int read_end() const { return ends[0]; }
  [[nodiscard]] int write_end() const { return ends[1]; }
  void CloseRead() { CloseEnd(ends[0]); }
  void CloseWrite() { CloseEnd(ends[1]); }

 private:
  static void CloseEnd(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

[[noreturn]] void Exec(std::vector<char*> arguments, const Environment& environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const auto& [name, value] : environment) {
    if (value.empty()) {
      unsetenv(name.c_str());
    } else {
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  signal(SIGPIPE, SIG_DFL);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

/// Appends the bytes that are available. Returns false at the end of the file.
bool ReadSome(int descriptor, std::string& text) {
  std::array<char, 4096> buffer{};
  const ssize_t count = read(descriptor, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR;
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

void Exchange(Pipe& in, Pipe& out, Pipe& err, std::string_view input, ProcessResult& result) {
  if (input.empty()) in.CloseWrite();
  while (out.read_end() >= 0 || err.read_end() >= 0) {
    std::array<pollfd, 3> polled = {
        {{in.write_end(), POLLOUT, 0}, {out.read_end(), POLLIN, 0}, {err.read_end(), POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) {
      const ssize_t count = write(in.write_end(), input.data(), input.size());
      if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 || input.empty()) in.CloseWrite();
    }
    if (polled[1].revents != 0 && !ReadSome(out.read_end(), result.out)) out.CloseRead();
    if (polled[2].revents != 0 && !ReadSome(err.read_end(), result.err)) err.CloseRead();
  }
}

int Wait(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ProcessResult Run(const std::vector<std::string>& arguments, const Environment& environment,
                  std::string_view input) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t child = fork();
  if (child == 0) {
    dup2(in.read_end(), STDIN_FILENO);
    dup2(out.write_end(), STDOUT_FILENO);
    dup2(err.write_end(), STDERR_FILENO);
    Exec(argv, environment);
  }
  ProcessResult result;
  if (child < 0) return result;
  in.CloseRead();
  out.CloseWrite();
  err.CloseWrite();
  Exchange(in, out, err, input, result);
  result.status = Wait(child);
  return result;
}

std::optional<std::string> MissingProgram(const std::vector<std::string>& programs) {
  const char* variable = getenv("PATH");
  const std::string path = variable != nullptr ? variable : "/usr/bin:/bin";
  for (const std::string& program : programs) {
    bool found = false;
    for (std::size_t start = 0; start <= path.size() && !found;) {
      const std::size_t end = std::min(path.find(':', start), path.size());
      const auto file = std::filesystem::path(path.substr(start, end - start)) / program;
      found = access(file.c_str(), X_OK) == 0;
      start = end + 1;
    }
    if (!found) return program;
  }
  return std::nullopt;
}

bool DevicesRequired() {
  return getenv("CI") != nullptr || getenv("CREDMINT_REQUIRE_DEVICES") != nullptr;
}

}  // namespace credmint::test
