// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/sandbox.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file_rules.h"
#include "base/syscall_filter.h"

namespace credmint::keyprocess {
namespace {

using Access = FileRules::Access;

/// Code, and what a C library reads to find services, users and the time. No folder where secrets
/// may be, so not all of /etc.
constexpr auto kReadByAll = std::to_array<const char*>({"/usr",
                                                        "/lib",
                                                        "/lib32",
                                                        "/lib64",
                                                        "/opt",
                                                        "/nix/store",
                                                        "/gnu/store",
                                                        "/etc/alternatives",
                                                        "/etc/crypto-policies",
                                                        "/etc/gai.conf",
                                                        "/etc/group",
                                                        "/etc/host.conf",
                                                        "/etc/hosts",
                                                        "/etc/ld.so.cache",
                                                        "/etc/ld.so.preload",
                                                        "/etc/localtime",
                                                        "/etc/machine-id",
                                                        "/etc/nsswitch.conf",
                                                        "/etc/passwd",
                                                        "/etc/resolv.conf",
                                                        "/etc/services",
                                                        "/etc/ssl/certs",
                                                        "/etc/ssl/openssl.cnf",
                                                        "/sys"});

/// The process itself, and the machine. Not /proc as a whole: it has other processes' command
/// lines.
constexpr auto kReadInProc = std::to_array<const char*>(
    {"/proc/self", "/proc/bus", "/proc/cpuinfo", "/proc/devices", "/proc/filesystems",
     "/proc/meminfo", "/proc/modules", "/proc/stat", "/proc/sys", "/proc/uptime", "/proc/version"});

constexpr auto kDevicesOfAll = std::to_array<const char*>(
    {"/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"});

/// Where drivers keep their state. The home folder is one more.
constexpr auto kWrittenByMost =
    std::to_array<const char*>({"/dev", "/opt", "/run", "/tmp", "/var"});

/// Terminals, where text could be typed for the user, and the memory of the machine.
constexpr auto kDevicesOfNobody = std::to_array<const char*>(
    {"/dev/console", "/dev/kmem", "/dev/mem", "/dev/port", "/dev/pts", "/dev/tty", "/dev/uinput"});

/// Disks, for a user who may open them.
void AddBlockDevices(std::vector<std::string>& found) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", failed)) {
    if (entry.is_block_file(failed)) found.push_back(entry.path().string());
  }
}

/// Files in the home folder that run programs later, or that hold secrets, begin with a dot. So do
/// the folders. Shells look for programs in ~/bin.
std::vector<std::string> DotsIn(const std::string& home) {
  std::vector<std::string> found = {home + "/bin"};
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(home, failed)) {
    if (entry.path().filename().string().starts_with('.')) found.push_back(entry.path().string());
  }
  return found;
}

/// For code of which nothing is known: it reads all but secrets and other processes, and writes
/// nothing that is run later.
void AllowMost(FileRules& files, const SandboxRules& rules) {
  std::vector<std::string> untouched = rules.hidden;
  untouched.emplace_back("/proc");
  untouched.insert(untouched.end(), kDevicesOfNobody.begin(), kDevicesOfNobody.end());
  AddBlockDevices(untouched);
  files.AllowAllBut(untouched, "/", Access::kRead);
  untouched.emplace_back("/var/spool");
  std::vector<std::string> written(kWrittenByMost.begin(), kWrittenByMost.end());
  if (!rules.home.empty() && rules.home != "/") {
    const std::vector<std::string> dots = DotsIn(rules.home);
    untouched.insert(untouched.end(), dots.begin(), dots.end());
    written.push_back(rules.home);
  }
  for (const std::string& folder : written) files.AllowAllBut(untouched, folder, Access::kWrite);
}

/// Where the loader looks first.
void AllowLibraryPath(FileRules& files) {
  const char* const value = getenv("LD_LIBRARY_PATH");
  std::string_view left = value != nullptr ? value : "";
  while (!left.empty()) {
    const std::size_t colon = left.find(':');
    files.Allow(std::string(left.substr(0, colon)), Access::kRead);
    left = colon == std::string_view::npos ? "" : left.substr(colon + 1);
  }
}

void AllowListed(FileRules& files) {
  AllowLibraryPath(files);
  for (const char* path : kReadByAll) files.Allow(path, Access::kRead);
  for (const char* path : kDevicesOfAll) files.Allow(path, Access::kWrite);
}

Result<void> RestrictFiles(const SandboxRules& rules, const ForeignNeeds& needs) {
  auto files = FileRules::Create(FileRules::Reach::kItself);
  if (!files) return Fail(std::move(files));
  needs.complete ? AllowListed(*files) : AllowMost(*files, rules);
  for (const char* path : kReadInProc) files->Allow(path, Access::kRead);
  const auto allow = [&](const std::vector<std::string>& paths, Access access) {
    for (const std::string& path : paths) files->AllowAllBut(rules.hidden, path, access);
  };
  allow(needs.readable, Access::kRead);
  allow(needs.writable, Access::kWrite);
  for (const std::string& path : rules.paths) files->Allow(path, Access::kWrite);
  return files->Enforce();
}

/// Calls that reach into other processes or into the kernel. No driver needs them.
void DenyAttacks(SyscallFilter& calls) {
  calls.Deny({__NR_ptrace,
              __NR_process_vm_readv,
              __NR_process_vm_writev,
              __NR_kcmp,
              __NR_keyctl,
              __NR_add_key,
              __NR_request_key,
              __NR_bpf,
              __NR_perf_event_open,
              __NR_userfaultfd,
              __NR_mount,
              __NR_umount2,
              __NR_pivot_root,
              __NR_chroot,
              __NR_setns,
              __NR_unshare,
              __NR_kexec_load,
              __NR_init_module,
              __NR_finit_module,
              __NR_delete_module,
              __NR_reboot,
              __NR_swapon,
              __NR_swapoff,
              __NR_acct,
              __NR_quotactl,
              __NR_open_by_handle_at,
              __NR_settimeofday,
              __NR_clock_settime,
              __NR_adjtimex,
              __NR_clock_adjtime,
              __NR_sethostname,
              __NR_setdomainname,
              __NR_personality,
              __NR_syslog,
              __NR_vhangup});
  constexpr std::array kNewer = {
#ifdef __NR_kexec_file_load
      __NR_kexec_file_load,
#endif
#ifdef __NR_pidfd_getfd
      __NR_pidfd_getfd,
#endif
#ifdef __NR_pidfd_send_signal
      __NR_pidfd_send_signal,
#endif
#ifdef __NR_process_madvise
      __NR_process_madvise,
#endif
#ifdef __NR_open_tree
      __NR_open_tree,         __NR_move_mount, __NR_fsopen,
      __NR_fsconfig,          __NR_fsmount,    __NR_fspick,
#endif
#ifdef __NR_mount_setattr
      __NR_mount_setattr,
#endif
  };
  for (const long call : kNewer) calls.Deny(call);
  // It would make calls that no filter sees.
  calls.DenyWith(__NR_io_uring_setup, EPERM);
}

/// Signals, limits and priorities of other processes.
void DenyHarm(SyscallFilter& calls) {
  const auto self = static_cast<std::uint32_t>(getpid());
  calls.DenyUnless(__NR_kill, 0, {self, 0});
  calls.DenyUnless(__NR_tgkill, 0, {self});
  calls.DenyUnless(__NR_rt_sigqueueinfo, 0, {self});
  calls.DenyUnless(__NR_rt_tgsigqueueinfo, 0, {self});
  calls.DenyUnless(__NR_prlimit64, 0, {self, 0});
  calls.Deny({__NR_tkill, __NR_migrate_pages, __NR_move_pages});
}

/// A child, and a program, might outlive the process.
void DenyPrograms(SyscallFilter& calls) {
  calls.Deny({__NR_execve, __NR_execveat});
#ifdef __NR_fork
  calls.DenyWith(__NR_fork, EPERM);
  calls.DenyWith(__NR_vfork, EPERM);
#endif
  calls.DenyUnlessSet(__NR_clone, 0, CLONE_THREAD);
  calls.DenyWith(__NR_clone3, ENOSYS);  // its flags are out of reach; libraries then use clone
}

void DenySockets(SyscallFilter& calls, bool network, bool local) {
  if (network) return;
  if (local) return calls.DenyUnless(__NR_socket, 0, {AF_UNIX});
  // Libraries try one for the system's log, and go without.
  calls.DenyWith(__NR_socket, EPERM);
}

/// The main process leaves them to the key processes.
std::vector<std::string> DevicesOfTpms() {
  std::vector<std::string> devices;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", failed)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("tpm")) devices.push_back(entry.path().string());
  }
  return devices;
}

bool MayStartPrograms(const SandboxRules& rules, const ForeignNeeds& needs) {
  return rules.programs || needs.programs;
}

Result<void> RestrictCalls(const SandboxRules& rules, const ForeignNeeds& needs) {
  SyscallFilter calls(SyscallFilter::Denial::kNamed);
  DenyAttacks(calls);
  if (!MayStartPrograms(rules, needs)) {
    DenyHarm(calls);
    DenyPrograms(calls);
  }
  DenySockets(calls, rules.network.value_or(needs.network), needs.unix_sockets);
  return calls.Install();
}

}  // namespace

std::vector<std::string> EnterSandbox(const SandboxRules& rules, const ForeignNeeds& needs) {
  std::vector<std::string> lacking;
  if (auto files = RestrictFiles(rules, needs); !files) lacking.push_back(files.error().message);
  if (auto calls = RestrictCalls(rules, needs); !calls) lacking.push_back(calls.error().message);
  return lacking;
}

void TightenSandbox(const SandboxRules& rules, const ForeignNeeds& needs) {
  if (rules.programs || !needs.programs) return;
  SyscallFilter calls(SyscallFilter::Denial::kNamed);
  DenyPrograms(calls);
  static_cast<void>(calls.Install());
}

std::vector<std::string> RestrictMainProcess() {
  std::vector<std::string> lacking;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  auto files = FileRules::Create(FileRules::Reach::kEverybody);
  if (files) {
    files->AllowAllBut(DevicesOfTpms(), "/", Access::kWrite);
    if (auto enforced = files->Enforce(); !enforced) lacking.push_back(enforced.error().message);
  } else {
    lacking.push_back(files.error().message);
  }
  SyscallFilter calls(SyscallFilter::Denial::kQuiet);
  DenyAttacks(calls);
  calls.Deny({__NR_execve, __NR_execveat});
  if (auto installed = calls.Install(); !installed) lacking.push_back(installed.error().message);
  return lacking;
}

}  // namespace credmint::keyprocess
