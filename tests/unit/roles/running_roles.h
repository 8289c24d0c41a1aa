// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "roles/role_set.h"
#include "unit/roles/role_world.h"

namespace credmint::roles {

/// Running roles that record their events, such as "added web", "answered", "failed web: MESSAGE"
/// and "recovered web". Their stopwatch advances by two seconds at each reading, so they need not
/// wait.
class RunningRoles : public RoleWorld {
 protected:
  Environment MakeRunningEnvironment() {
    Environment environment = MakeEnvironment();
    environment.refresher.stopwatch = [this] {
      return std::chrono::steady_clock::time_point(std::chrono::seconds(2 * ++looks_));
    };
    return environment;
  }

  RoleSetObserver MakeObserver() {
    return {.added = [this](const Role& role) { Note("added " + role.name); },
            .answered = [this] { Note("answered"); },
            .failed =
                [this](const Role& role, const Error& error) {
                  Note("failed " + role.name + ": " + error.message);
                },
            .recovered = [this](const Role& role) { Note("recovered " + role.name); }};
  }

  void Await(const std::string& event, int count = 1) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return events_[event] >= count;
    })) << event;
  }

  int CountOf(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return events_[event];
  }

 private:
  void Note(const std::string& event) {
    const std::lock_guard lock(mutex_);
    ++events_[event];
    changed_.notify_all();
  }

  std::atomic<int> looks_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> events_;
};

template <typename... Roles>
std::vector<Role> ListOf(Roles... roles) {
  std::vector<Role> list;
  (list.push_back(std::move(roles)), ...);
  return list;
}

}  // namespace credmint::roles
