// SPDX-License-Identifier: Apache-2.0
#include "base/changing_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

nanoseconds Nanoseconds(const struct timespec& time) {
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

}  // namespace

ChangingFiles::ChangingFiles(std::vector<std::string> paths, milliseconds longest,
                             ChangingFilesEnvironment environment)
    : paths_(std::move(paths)),
      longest_(longest),
      environment_(std::move(environment)),
      start_(environment_.stopwatch()) {
  if (!environment_.sleep) {
    environment_.sleep = [](milliseconds time) { std::this_thread::sleep_for(time); };
  }
}

std::vector<ChangingFiles::State> ChangingFiles::Read() const {
  std::vector<State> states;
  for (const std::string& path : paths_) {
    struct stat status {};
    struct stat link {};
    if (stat(path.c_str(), &status) != 0 || lstat(path.c_str(), &link) != 0) {
      states.emplace_back();
    } else if (S_ISREG(status.st_mode)) {
      states.push_back({status.st_dev, status.st_ino, status.st_size, Nanoseconds(status.st_mtim),
                        std::max(Nanoseconds(status.st_ctim), Nanoseconds(link.st_ctim))});
    }
  }
  return states;
}

/// Returns the age of the most recent change. A file dated in the future counts as infinitely old.
nanoseconds ChangingFiles::Age(const std::vector<State>& states) const {
  const nanoseconds now = environment_.clock().time_since_epoch();
  nanoseconds youngest = nanoseconds::max();
  for (const State& state : states) {
    const bool is_dated = state.size >= 0 && state.changed <= now + kTick;
    if (is_dated) youngest = std::min(youngest, now - state.changed);
  }
  return youngest;
}

void ChangingFiles::Look() {
  seen_ = Read();
  is_unsure_ = Age(seen_) < kTick;
}

bool ChangingFiles::WaitForChange(milliseconds settled) {
  while (environment_.stopwatch() - start_ < longest_) {
    const std::vector<State> now = Read();
    const bool has_changed = now != seen_;
    if (!has_changed && Age(now) >= settled) return false;
    environment_.sleep(pause_);
    pause_ = std::min(kLongestPause, pause_ + pause_ / 2);
    if (has_changed || is_unsure_ || Read() != seen_) return true;
  }
  return false;
}

}  // namespace credmint
