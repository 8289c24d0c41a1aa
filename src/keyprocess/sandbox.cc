// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/sandbox.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file_rules.h"
#include "base/mount_table.h"
#include "base/read_file.h"
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

/// Terminals, where text could be typed for the user, other input, disks, and the machine's memory.
/// The names of devices begin like this.
constexpr auto kDevicesOfNobody = std::to_array<std::string_view>(
    {"bsg",  "console", "hvc",  "input", "kmem", "kmsg", "mem",    "nvme",
     "port", "pts",     "sg",   "tty0",  "tty1", "tty2", "tty3",   "tty4",
     "tty5", "tty6",    "tty7", "tty8",  "tty9", "uhid", "uinput", "vcs"});

void AddDevicesOfNobody(std::vector<std::string>& found) {
  found.emplace_back("/dev/tty");
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", failed)) {
    const std::string name = entry.path().filename().string();
    const bool is_known = std::any_of(kDevicesOfNobody.begin(), kDevicesOfNobody.end(),
                                      [&](auto prefix) { return name.starts_with(prefix); });
    if (is_known || entry.is_block_file(failed)) found.push_back(entry.path().string());
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

/// For code of which nothing is known. It reads all but secrets and other processes. It writes
/// where drivers keep their state, but not what is usually run later.
void AllowMost(FileRules& files, const SandboxRules& rules, std::string_view mounts) {
  std::vector<std::string> untouched = rules.hidden;
  untouched.emplace_back("/proc");
  AddDevicesOfNobody(untouched);
  files.AllowAllBut(untouched, "/", Access::kRead);
  untouched.emplace_back("/var/spool");
  std::vector<std::string> written(kWrittenByMost.begin(), kWrittenByMost.end());
  if (!rules.home.empty() && rules.home != "/") {
    const std::vector<std::string> dots = DotsIn(rules.home);
    untouched.insert(untouched.end(), dots.begin(), dots.end());
    written.push_back(rules.home);
  }
  untouched = WithOtherMounts(std::move(untouched), mounts);
  for (const std::string& folder : written) files.AllowAllBut(untouched, folder, Access::kWrite);
}

/// Where the loader looks first.
std::vector<std::string> LibraryPath() {
  std::vector<std::string> folders;
  const char* const value = getenv("LD_LIBRARY_PATH");
  std::string_view left = value != nullptr ? value : "";
  while (!left.empty()) {
    const std::size_t colon = left.find(':');
    folders.emplace_back(left.substr(0, colon));
    left = colon == std::string_view::npos ? "" : left.substr(colon + 1);
  }
  return folders;
}

/// Adds rules for paths as somebody has written them. Secrets stay hidden.
class Allowance {
 public:
  Allowance(FileRules& files, const std::vector<std::string>& hidden)
      : files_(files), hidden_(hidden) {}

  template <typename Paths>
  void Add(const Paths& paths, Access access) {
    for (const auto& path : paths) {
      std::error_code failed;
      const std::string real = std::filesystem::canonical(path, failed).string();
      if (!failed) files_.AllowAllBut(hidden_, real, access);
    }
  }

 private:
  FileRules& files_;
  const std::vector<std::string>& hidden_;
};

std::string ReadMountTable() {
  const auto table = ReadFile("/proc/self/mountinfo", 4 << 20, FileAccess::kAny);
  return table ? std::string(table->Reveal()) : "";
}

Result<void> RestrictFiles(SandboxRules rules, const ForeignNeeds& needs) {
  auto files = FileRules::Create();
  if (!files) return Fail(std::move(files));
  const std::string mounts = ReadMountTable();
  rules.hidden = WithOtherMounts(std::move(rules.hidden), mounts);
  Allowance allowance(*files, rules.hidden);
  if (needs.complete) {
    allowance.Add(kReadByAll, Access::kRead);
    allowance.Add(LibraryPath(), Access::kRead);
    for (const char* path : kDevicesOfAll) files->Allow(path, Access::kWrite);
  } else {
    AllowMost(*files, rules, mounts);
  }
  for (const char* path : kReadInProc) files->Allow(path, Access::kRead);
  for (const std::string& path : needs.code) files->Allow(path, Access::kRead);
  allowance.Add(needs.readable, Access::kRead);
  allowance.Add(needs.writable, Access::kWrite);
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
#ifdef __NR_iopl
  calls.Deny({__NR_iopl, __NR_ioperm});
#endif
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

/// Landlock lets a process change the mode, the owner and the attributes of files that it may not
/// open. A program with the set-user-ID bit would let other users act as this one.
void DenyModes(SyscallFilter& calls) {
  constexpr std::uint32_t kSetIds = S_ISUID | S_ISGID;
  calls.DenyIfSet(__NR_openat, 3, kSetIds);
  for (const long call : {__NR_fchmodat, __NR_fchownat, __NR_setxattr, __NR_lsetxattr,
                          __NR_removexattr, __NR_lremovexattr}) {
    calls.DenyWith(call, EPERM);
  }
#ifdef __NR_chmod
  for (const long call : {__NR_chmod, __NR_chown, __NR_lchown}) calls.DenyWith(call, EPERM);
  calls.DenyIfSet(__NR_open, 2, kSetIds);
  calls.DenyIfSet(__NR_creat, 1, kSetIds);
  calls.DenyIfSet(__NR_mknod, 1, kSetIds);
#endif
  constexpr long kFchmodat2 = 452;  // the header may be older than the kernel
  calls.DenyWith(kFchmodat2, ENOSYS);
  calls.DenyIfSet(__NR_fchmod, 1, kSetIds);
  calls.DenyIfSet(__NR_mknodat, 2, kSetIds);
#ifdef __NR_openat2
  calls.DenyWith(__NR_openat2, ENOSYS);  // the mode is out of reach
#endif
}

/// Signals, limits and priorities of other processes.
void DenyHarm(SyscallFilter& calls) {
  const auto self = static_cast<std::uint32_t>(getpid());
  calls.DenyUnless(__NR_kill, 0, {self, 0});
  calls.DenyUnless(__NR_tgkill, 0, {self});
  calls.DenyUnless(__NR_rt_sigqueueinfo, 0, {self});
  calls.DenyUnless(__NR_rt_tgsigqueueinfo, 0, {self});
  calls.DenyUnless(__NR_prlimit64, 0, {self, 0});
  for (const long call : {__NR_setpriority, __NR_ioprio_set}) calls.DenyUnless(call, 1, {self, 0});
  for (const long call :
       {__NR_sched_setscheduler, __NR_sched_setparam, __NR_sched_setattr, __NR_sched_setaffinity}) {
    calls.DenyUnless(call, 0, {self, 0});
  }
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
}

void DenyNamespaces(SyscallFilter& calls) {
  constexpr std::uint32_t kAll = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  calls.DenyIfSet(__NR_clone, 0, kAll);
}

void DenySockets(SyscallFilter& calls, bool network, bool local) {
  if (network) return;
  if (local) return calls.DenyUnless(__NR_socket, 0, {AF_UNIX});
  // Libraries try one for the system's log, and go without.
  calls.DenyWith(__NR_socket, EPERM);
}

bool MayStartPrograms(const SandboxRules& rules, const ForeignNeeds& needs) {
  return rules.programs || needs.programs;
}

Result<void> RestrictCalls(const SandboxRules& rules, const ForeignNeeds& needs) {
  SyscallFilter calls(SyscallFilter::Denial::kNamed);
  DenyModes(calls);  // first, because a module opens files more often than it does the rest
  DenyAttacks(calls);
  calls.DenyWith(__NR_clone3, ENOSYS);  // its flags are out of reach; libraries then use clone
  if (MayStartPrograms(rules, needs)) {
    DenyNamespaces(calls);
  } else {
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
  DenyHarm(calls);
  DenyPrograms(calls);
  static_cast<void>(calls.Install());
}

Result<void> RestrictMainProcess() {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  SyscallFilter calls(SyscallFilter::Denial::kQuiet);
  DenyAttacks(calls);
  calls.Deny({__NR_execve, __NR_execveat});
  return calls.Install();
}

}  // namespace credmint::keyprocess
