// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/guarded.h"

namespace credmint::serve {

/// The news in a record.
enum class UserNews {
  kNone,
  kFirst,       ///< the first record of this user, or the first after it was forgotten
  kNotRecorded  ///< there is no room for another user
};

/// Which users got which roles, and which users were refused. Users whose ID is not known count as
/// one. Keeps at most kMost of each; later ones are not recorded. Counts all refusals.
///
/// Safe to call from any thread.
class UserRecords {
 public:
  using User = std::optional<uid_t>;
  using Given = std::map<std::pair<std::string, User>, std::uint64_t>;
  static constexpr std::size_t kMost = 1024;

  /// Records that a user got a role's credentials.
  UserNews AddGiven(const std::string& role, User user);

  /// Records that a user was refused.
  UserNews AddRefused(User user);

  /// Forgets that kFirst was returned, because nobody could be told.
  void ForgetGivenNews(const std::string& role, User user);
  void ForgetRefusedNews(User user);

  [[nodiscard]] Given given();
  [[nodiscard]] std::uint64_t refusals();

 private:
  struct State {
    Given given;
    std::set<Given::key_type> given_news;  // that was returned
    std::set<User> refused;
    std::set<User> refused_news;  // that was returned
    std::uint64_t refusals = 0;
  };

  Guarded<State> state_;
};

}  // namespace credmint::serve
