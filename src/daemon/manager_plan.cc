// SPDX-License-Identifier: Apache-2.0
#include "daemon/manager_plan.h"

#include <algorithm>
#include <utility>

namespace credmint::daemon {
namespace {

constexpr std::chrono::milliseconds kLook{50};

}  // namespace

ManagerPlan::ManagerPlan(Time start, std::optional<std::chrono::microseconds> watchdog,
                         std::function<bool()> has_answered, std::function<bool()> is_content)
    : start_(start),
      spacing_(watchdog ? std::optional(*watchdog / 2) : std::nullopt),
      has_answered_(std::move(has_answered)),
      is_content_(std::move(is_content)) {
  if (spacing_) ping_at_ = start_ + *spacing_;
}

std::vector<std::string> ManagerPlan::Due(Time now) {
  std::vector<std::string> due;
  if (!is_ready_ && (has_answered_() || now - start_ >= kLongestStart)) {
    is_ready_ = true;
    due.emplace_back("READY=1");
  }
  if (ping_at_ && now >= *ping_at_) {
    ping_at_ = now + *spacing_;
    if (is_content_()) due.emplace_back("WATCHDOG=1");
  }
  return due;
}

std::optional<ManagerPlan::Time> ManagerPlan::Next(Time now) const {
  if (is_ready_) return ping_at_;
  const Time look_at = now + kLook;
  return ping_at_ ? std::min(*ping_at_, look_at) : look_at;
}

}  // namespace credmint::daemon
