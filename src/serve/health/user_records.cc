// SPDX-License-Identifier: Apache-2.0
#include "serve/health/user_records.h"

namespace credmint::serve {

UserNews UserRecords::AddGiven(const std::string& role, User user) {
  const auto state = state_.Lock();
  const Given::key_type key{role, user};
  if (state->given.size() >= kMost && !state->given.contains(key)) return UserNews::kNotRecorded;
  ++state->given[key];
  return state->given_news.insert(key).second ? UserNews::kFirst : UserNews::kNone;
}

UserNews UserRecords::AddRefused(User user) {
  const auto state = state_.Lock();
  ++state->refusals;
  if (state->refused.size() >= kMost && !state->refused.contains(user)) {
    return UserNews::kNotRecorded;
  }
  state->refused.insert(user);
  return state->refused_news.insert(user).second ? UserNews::kFirst : UserNews::kNone;
}

void UserRecords::ForgetGivenNews(const std::string& role, User user) {
  state_.Lock()->given_news.erase({role, user});
}

void UserRecords::ForgetRefusedNews(User user) { state_.Lock()->refused_news.erase(user); }

UserRecords::Given UserRecords::given() { return state_.Lock()->given; }

std::uint64_t UserRecords::refusals() { return state_.Lock()->refusals; }

}  // namespace credmint::serve
