// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <time.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace credmint {

/// What ChangingFiles has from its surroundings. Tests replace it.
struct ChangingFilesEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< default: sleeps
};

/// Files that somebody may be replacing while they are read. Whoever could make no use of what was
/// in them learns here whether to read them again:
///
///     ChangingFiles files(paths, longest);
///     do {
///       files.Look();
///       read = Read();
///     } while (!read && files.WaitForChange(settled));
///
/// A file that has changed since Look() is worth it, at once. So is waiting for a change, as long
/// as one of the files changed less than `settled` ago: others that go with it may follow. Files
/// that nobody has touched for so long cost nothing, and no more than `longest` is spent in all.
///
/// A change is another inode, size, or time of writing or of replacement (ctime), a symbolic link's
/// too. Two changes within a tick of the kernel's clock may look the same, so what was looked at
/// within kTick after a change is read again anyway.
class ChangingFiles {
 public:
  static constexpr std::chrono::milliseconds kTick{20};
  static constexpr std::chrono::milliseconds kFirstPause{2};
  static constexpr std::chrono::milliseconds kLongestPause{32};

  ChangingFiles(std::vector<std::string> paths, std::chrono::milliseconds longest,
                ChangingFilesEnvironment environment = {});

  /// Before they are read.
  void Look();

  /// Whether to read them again: after a pause, which grows from one call to the next.
  bool WaitForChange(std::chrono::milliseconds settled);

 private:
  struct State {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;  // there is no such file
    std::chrono::nanoseconds written{0};
    std::chrono::nanoseconds changed{0};

    bool operator==(const State&) const = default;
  };

  [[nodiscard]] std::vector<State> Read() const;
  [[nodiscard]] std::chrono::nanoseconds Age(const std::vector<State>& states) const;

  const std::vector<std::string> paths_;
  const std::chrono::milliseconds longest_;
  ChangingFilesEnvironment environment_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::milliseconds pause_ = kFirstPause;
  std::vector<State> seen_;
  bool is_unsure_ = false;  // whether a change may have been missed
};

}  // namespace credmint
