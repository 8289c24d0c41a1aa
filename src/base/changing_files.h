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

/// The clock, stopwatch and sleep that ChangingFiles uses. Tests replace them.
struct ChangingFilesEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< default: sleeps
};

/// Tells a reader whether to read a set of files again because they are being replaced:
///
///     ChangingFiles files(paths, longest);
///     do {
///       files.Look();
///       read = Read();
///     } while (!read && files.WaitForChange(settled));
///
/// Files are read again if one has changed since Look(). If one changed less than `settled` ago,
/// WaitForChange() waits, because related files may change next. Files untouched for that long cost
/// no wait, and the waits take no longer than `longest` in total.
///
/// A change is a new inode, size, modification time or change time (ctime), including the ctime of
/// a symbolic link. Two changes within one tick of the kernel's clock may look the same. A file
/// looked at within kTick of a change is therefore read again anyway.
class ChangingFiles {
 public:
  static constexpr std::chrono::milliseconds kTick{20};
  static constexpr std::chrono::milliseconds kFirstPause{2};
  static constexpr std::chrono::milliseconds kLongestPause{32};

  ChangingFiles(std::vector<std::string> paths, std::chrono::milliseconds longest,
                ChangingFilesEnvironment environment = {});

  /// Records the state of the files. Call it before reading them.
  void Look();

  /// Returns whether to read the files again. Pauses first, longer with each call.
  bool WaitForChange(std::chrono::milliseconds settled);

 private:
  struct State {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;  // -1: no such file
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
  bool is_unsure_ = false;  // a change may have been missed
};

}  // namespace credmint
