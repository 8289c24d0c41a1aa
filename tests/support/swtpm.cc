// SPDX-License-Identifier: Apache-2.0
#include "support/swtpm.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>

namespace credmint::test {
namespace {

using std::chrono::steady_clock;

bool CanConnect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  memcpy(address.sun_path, path.c_str(), path.size());
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return connected;
}

bool HasEnded(pid_t process) { return waitpid(process, nullptr, WNOHANG) != 0; }

}  // namespace

std::unique_ptr<Swtpm> Swtpm::Start() {
  const char* temporary = getenv("TMPDIR");
  std::string pattern = std::string(temporary != nullptr ? temporary : "/tmp") + "/swtpm-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) return nullptr;
  const std::filesystem::path directory = pattern;
  std::filesystem::create_directory(directory / "state");
  const std::string state = "dir=" + (directory / "state").string();
  // tpm2-tss expects the control channel at the server's path with ".ctrl" appended.
  const std::string server = "type=unixio,path=" + (directory / "tpm").string();
  const std::string control = server + ".ctrl";
  const std::string log = "file=" + (directory / "swtpm.log").string();
  const pid_t process = fork();
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state.c_str(), "--server",
           server.c_str(), "--ctrl", control.c_str(), "--flags", "not-need-init,startup-clear",
           "--log", log.c_str(), nullptr);
    _exit(127);
  }
  std::unique_ptr<Swtpm> swtpm(new Swtpm(directory, process));
  if (process < 0 || !swtpm->WaitUntilReady()) return nullptr;
  return swtpm;
}

Swtpm::Swtpm(std::filesystem::path directory, pid_t process)
    : directory_(std::move(directory)), process_(process) {}

Swtpm::~Swtpm() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

bool Swtpm::WaitUntilReady() const {
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  while (!CanConnect(socket()) || !CanConnect(socket() + ".ctrl")) {
    if (HasEnded(process_) || steady_clock::now() > deadline) return false;
    constexpr timespec kPause = {0, 1'000'000};
    nanosleep(&kPause, nullptr);
  }
  return true;
}

ProcessResult Swtpm::Tool(const std::vector<std::string>& arguments,
                          Environment environment) const {
  environment.emplace_back("TPM2TOOLS_TCTI", tcti());
  environment.emplace_back("TPM2OPENSSL_TCTI", tcti());
  return Run(arguments, environment);
}

bool Swtpm::Reset() const { return Run({"swtpm_ioctl", "--unix", socket() + ".ctrl", "-i"}).ok(); }

std::vector<std::string> TpmPrograms() {
  return {"swtpm",     "swtpm_ioctl",       "openssl",         "tpm2_createprimary", "tpm2_create",
          "tpm2_load", "tpm2_evictcontrol", "tpm2_readpublic", "tpm2_getcap"};
}

}  // namespace credmint::test
