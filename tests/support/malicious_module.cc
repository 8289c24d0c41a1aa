// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <p11-kit/pkcs11.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

/// A PKCS#11 module that tries to get at what is not its own, as soon as it is loaded.
///
/// Prints a line for each try, "attack NAME: works" or "attack NAME: " and the system's reason.
/// Nothing is changed, except that files in the test's own folder are written. The tries need:
///
/// * MALICIOUS_MAIN: the process to attack; without it, the parent
/// * MALICIOUS_FILES: files to read and to write, NAME=PATH, separated by ':'
/// * MALICIOUS_FOLDER: a folder that it may write
/// * MALICIOUS_PORT: a TCP port on loopback, MALICIOUS_SOCKET and MALICIOUS_ABSTRACT: Unix sockets
namespace {

std::string Variable(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

pid_t Target() {
  const std::string named = Variable("MALICIOUS_MAIN");
  return named.empty() ? getppid() : static_cast<pid_t>(std::stol(named));
}

void Try(const std::string& name, const std::function<bool()>& attack) {
  errno = 0;
  const bool works = attack();
  const std::string reason = works ? "works" : strerror(errno);
  printf("attack %s: %s\n", name.c_str(), reason.c_str());
  fflush(stdout);
}

bool Opens(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
  return file >= 0;
}

bool Reads(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char byte = 0;
  const bool works = read(file, &byte, 1) >= 0;
  close(file);
  return works;
}

bool Connects(int family, const sockaddr* address, socklen_t size) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool works = connect(socket, address, size) == 0;
  const int reason = errno;
  close(socket);
  errno = reason;
  return works;
}

bool ConnectsToPort(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Connects(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

bool ConnectsToUnix(const std::string& path, bool abstract) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path + (abstract ? 1 : 0), path.data(), path.size());
  const auto size = offsetof(sockaddr_un, sun_path) + path.size() + 1;
  return Connects(AF_UNIX, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size));
}

bool Forks() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, nullptr, 0);
  return child > 0;
}

/// Runs a program in a child if it can, and otherwise in its place, which would be the end of it.
bool Executes() {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    execv("/bin/true", arguments);
    _exit(errno == EPERM ? 77 : 78);
  }
  int status = 0;
  waitpid(child, &status, 0);
  errno = EPERM;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void AttackProcess(pid_t target) {
  const std::string folder = "/proc/" + std::to_string(target);
  Try("proc-mem", [&] { return Opens(folder + "/mem", O_RDWR); });
  for (const char* file : {"environ", "cmdline", "maps"}) {
    Try(std::string("proc-") + file, [&] { return Reads(folder + "/" + file); });
  }
  Try("proc-fd", [&] { return Opens(folder + "/fd/0", O_RDONLY); });
  Try("ptrace", [&] { return ptrace(PTRACE_SEIZE, target, nullptr, nullptr) == 0; });
  Try("process_vm_readv", [&] {
    char byte = 0;
    iovec here{&byte, 1};
    iovec there{const_cast<char*>("x"), 1};
    return process_vm_readv(target, &here, 1, &there, 1, 0) >= 0;
  });
  Try("pidfd_getfd", [&] {
    const auto handle = static_cast<int>(syscall(SYS_pidfd_open, target, 0));
    return syscall(438, handle, 0, 0) >= 0;
  });
  Try("signal", [&] { return kill(target, 0) == 0; });
  Try("priority", [&] { return setpriority(PRIO_PROCESS, static_cast<id_t>(target), 0) == 0; });
  Try("limits", [&] {
    rlimit limit{};
    return prlimit(target, RLIMIT_NOFILE, nullptr, &limit) == 0;
  });
}

void AttackFiles() {
  std::string left = Variable("MALICIOUS_FILES");
  while (!left.empty()) {
    const std::size_t colon = left.find(':');
    const std::string entry = left.substr(0, colon);
    left = colon == std::string::npos ? "" : left.substr(colon + 1);
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const std::string path = entry.substr(equals + 1);
    Try("read-" + name, [&] { return Reads(path); });
    Try("write-" + name, [&] { return Opens(path, O_WRONLY | O_CREAT | O_APPEND); });
    Try("mode-" + name, [&] { return chmod(path.c_str(), 0600) == 0; });
  }
}

/// A program that other users could start as this one.
void MakeSetUserId() {
  const std::string path = Variable("MALICIOUS_FOLDER") + "/set-user-id";
  Try("set-user-id", [&] {
    return Opens(path + "-1", O_WRONLY | O_CREAT) && chmod((path + "-1").c_str(), 04755) == 0;
  });
  Try("set-user-id-of-a-descriptor", [&] {
    const int file = open((path + "-2").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const bool works = file >= 0 && fchmod(file, 04755) == 0;
    const int reason = errno;
    if (file >= 0) close(file);
    errno = reason;
    return works;
  });
  Try("set-user-id-from-the-start", [&] {
    const int file = open((path + "-3").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 04755);
    if (file >= 0) close(file);
    return file >= 0;
  });
}

void AttackKernel() {
  Try("keyctl", [] { return syscall(SYS_keyctl, 0, -3, 0) >= 0; });
  Try("bpf", [] {
    bpf_attr attributes{};
    return syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attributes, sizeof attributes) >= 0;
  });
  // The kernel would refuse these arguments, but only after it has allowed the call.
  Try("mount", [] { return mount("", "/", "no-such-kind", 0, nullptr) == 0 || errno == ENODEV; });
  Try("unshare", [] { return unshare(CLONE_NEWUSER) == 0 || errno == EINVAL; });
  Try("io_uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr) >= 0; });
}

void Attack() {
  AttackProcess(Target());
  AttackFiles();
  MakeSetUserId();
  AttackKernel();
  Try("fork", Forks);
  Try("exec", Executes);
  if (const std::string port = Variable("MALICIOUS_PORT"); !port.empty()) {
    Try("loopback", [&] { return ConnectsToPort(std::stoi(port)); });
  }
  if (const std::string path = Variable("MALICIOUS_SOCKET"); !path.empty()) {
    Try("unix-socket", [&] { return ConnectsToUnix(path, false); });
  }
  if (const std::string name = Variable("MALICIOUS_ABSTRACT"); !name.empty()) {
    Try("abstract-socket", [&] { return ConnectsToUnix(name, true); });
  }
}

[[gnu::constructor]] void OnLoad() { Attack(); }

}  // namespace

extern "C" [[gnu::visibility("default")]] CK_RV C_GetFunctionList(CK_FUNCTION_LIST** /*list*/) {
  return CKR_FUNCTION_FAILED;
}
