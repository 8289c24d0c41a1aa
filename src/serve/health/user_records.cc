// SPDX-License-Identifier: Apache-2.0
#include "serve/health/user_records.h"

namespace credmint::serve {

bool UserRecords::AddGiven(const std::string& role, User user) {
  const auto state = state_.Lock();
  const auto found = state->given.find({role, user});
  if (found != state->given.end()) {
    ++found->second;
    return false;
  }
  if (state->given.size() >= kMost) return false;
  state->given[{role, user}] = 1;
  return true;
}

bool UserRecords::AddRefused(User user) {
  const auto state = state_.Lock();
  return state->refused.size() < kMost && state->refused.insert(user).second;
}

UserRecords::Given UserRecords::given() { return state_.Lock()->given; }

}  // namespace credmint::serve
