// SPDX-License-Identifier: Apache-2.0
#include "base/idle_memory.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/guarded.h"

namespace credmint {
namespace {

// An entry of /proc/PID/pagemap (proc_pid_pagemap(5)).
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;

std::uintptr_t PageSize() { return static_cast<std::uintptr_t>(getpagesize()); }

/// Whole pages of this process.
struct Pages {
  std::uintptr_t first;  // address / page size
  std::uintptr_t end;
};

bool DiffersFromFile(std::uint64_t entry) {
  return (entry & kSwapped) != 0 || (entry & (kPresent | kOfFile)) == kPresent;
}

bool AreAsInFile(Pages pages, int pagemap) {
  std::array<std::uint64_t, 512> entries;
  while (pages.first < pages.end) {
    const auto count = std::min<std::size_t>(entries.size(), pages.end - pages.first);
    const auto size = count * sizeof(entries[0]);
    const auto offset = static_cast<off_t>(pages.first * sizeof(entries[0]));
    if (pread(pagemap, entries.data(), size, offset) != static_cast<ssize_t>(size)) return false;
    if (std::any_of(entries.begin(), entries.begin() + count, DiffersFromFile)) return false;
    pages.first += count;
  }
  return true;
}

void Release(Pages pages, int pagemap) {
  if (pages.first >= pages.end || !AreAsInFile(pages, pagemap)) return;
  const std::uintptr_t size = PageSize();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives numbers
  auto* const address = reinterpret_cast<void*>(pages.first * size);
  madvise(address, (pages.end - pages.first) * size, MADV_DONTNEED);
}

/// Runs with the loader's lock held, so the library cannot be unloaded meanwhile.
int ReleaseObject(dl_phdr_info* object, std::size_t /*size*/, void* pagemap) {
  for (const auto& segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t size = PageSize();
    Release({(begin + size - 1) / size, (begin + segment.p_filesz) / size},
            *static_cast<const int*>(pagemap));
  }
  return 0;
}

/// /proc/self/pagemap, kept open: a process that cannot be traced may not open it.
int Pagemap() {
  struct Opened {
    pid_t process = 0;
    int descriptor = -1;
  };
  static Guarded<Opened> guarded;
  const auto opened = guarded.Lock();
  if (opened->process != getpid()) {  // a child has the number, but perhaps not what it was
    *opened = {getpid(), open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
  }
  return opened->descriptor;
}

}  // namespace

void PrepareIdleMemory() { Pagemap(); }

void ReleaseIdleMemory() {
  malloc_trim(0);
  int pagemap = Pagemap();
  if (pagemap >= 0) dl_iterate_phdr(ReleaseObject, &pagemap);
}

}  // namespace credmint
