// SPDX-License-Identifier: Apache-2.0
#include "serve/health/user_records.h"

namespace credmint::serve {

UserNews UserRecords::AddGiven(const std::string& role, User user) {
  const auto state = state_.Lock();
  const auto found = state->given.find({role, user});
  if (found != state->given.end()) {
    ++found->second;
    return UserNews::kNone;
  }
  if (state->given.size() >= kMost) return UserNews::kNotRecorded;
  state->given[{role, user}] = 1;
  return UserNews::kFirst;
}

UserNews UserRecords::AddRefused(User user) {
  const auto state = state_.Lock();
  ++state->refusals;
  if (state->refused.count(user) != 0) return UserNews::kNone;
  if (state->refused.size() >= kMost) return UserNews::kNotRecorded;
  state->refused.insert(user);
  return UserNews::kFirst;
}

UserRecords::Given UserRecords::given() { return state_.Lock()->given; }

std::uint64_t UserRecords::refusals() { return state_.Lock()->refusals; }

}  // namespace credmint::serve
