// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace credmint::test {

/// The CMP server that the `openssl` command has for tests, at a port that the system chooses. It
/// gives out the certificate that is named to it, whatever the request says.
class OpensslCmpServer {
 public:
  /// `arguments` are further ones of `openssl cmp`. Aborts if the server does not start.
  OpensslCmpServer(const TempDir& folder, const std::vector<std::string>& arguments) {
    std::array<int, 2> pipe_ends{};
    if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) abort();
    const std::string log = folder.File("server.log");
    std::vector<std::string> all = {"openssl", "cmp", "-config", "", "-port", "0"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& one : all) pointers.push_back(one.data());
    pointers.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(pipe_ends[1], STDOUT_FILENO);
      dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      execvp("openssl", pointers.data());
      _exit(127);
    }
    close(pipe_ends[1]);
    output_ = pipe_ends[0];
    port_ = ReadPort();
    if (port_.empty()) abort();
  }
  ~OpensslCmpServer() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    close(output_);
  }
  OpensslCmpServer(const OpensslCmpServer&) = delete;
  OpensslCmpServer& operator=(const OpensslCmpServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_ + "/pkix/"; }

 private:
  /// From its line "ACCEPT [::]:41234 PID=1", before which there may be others.
  [[nodiscard]] std::string ReadPort() const {
    std::string line;
    char next = 0;
    while (read(output_, &next, 1) == 1) {
      if (next != '\n') {
        line += next;
        continue;
      }
      const std::size_t end = line.find(" PID=");
      if (line.starts_with("ACCEPT ") && end != std::string::npos) {
        const std::size_t begin = line.rfind(':', end) + 1;
        return line.substr(begin, end - begin);
      }
      line.clear();
    }
    return {};
  }

  pid_t process_ = -1;
  int output_ = -1;
  std::string port_;
};

}  // namespace credmint::test
