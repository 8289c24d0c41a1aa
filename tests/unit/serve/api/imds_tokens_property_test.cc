// SPDX-License-Identifier: Apache-2.0
// Random requests for metadata tokens, and uses of them, beside a table of what was issued.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "serve/api/imds.h"
#include "unit/random_steps.h"
#include "unit/serve/fake_source.h"
#include "unit/serve/metadata_headers.h"

namespace credmint::serve {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using User = std::optional<uid_t>;

/// The promise: a token is good for its user and for its time, whatever else is issued.
struct Grant {
  User user;
  nanoseconds end;
};

class ImdsTokensRound {
 public:
  explicit ImdsTokensRound(test::RandomSteps& steps) : steps_(steps) {}

  void Step() {
    switch (steps_.Below(4)) {
      case 0:
        return PutToken();
      case 1:
        return Wait();
      default:
        return Use(steps_.OneIn(3) ? Forged() : Issued(), steps_.Pick(kUsers));
    }
  }

  void UseAll() {
    for (const std::string& token : issued_) {
      for (const User& user : kUsers) Use(token, user);
    }
    EXPECT_EQ(imds_.tokens(), issued_.size());
    EXPECT_EQ(grants_.size(), issued_.size()) << "a token was issued twice";
  }

 private:
  static constexpr std::array<User, 4> kUsers = {0, 1000, 10001, std::nullopt};

  static std::string NameOf(User user) { return user ? std::to_string(*user) : "unknown"; }

  Client From(User user) const { return {.is_local = true, .user = user}; }

  void PutToken() {
    constexpr std::array kLifetimes = {-1, 0, 1, 2, 60, 300, 21'600, 21'601};
    const int lifetime = steps_.Pick(kLifetimes);
    const User user = steps_.Pick(kUsers);
    const Response response = imds_.Answer(
        {"PUT", "/latest/api/token", {{kTtlHeader, std::to_string(lifetime)}}, From(user)});
    steps_.Note(fmt::format("user {} asks for {} s: {}", NameOf(user), lifetime, response.status));
    const bool is_allowed = lifetime >= 1 && lifetime <= 21'600;
    ASSERT_EQ(response.status, is_allowed ? 200 : 400);
    if (!is_allowed) return;
    issued_.emplace_back(response.body->Reveal());
    grants_[issued_.back()] = {user, now_ + seconds(lifetime)};
  }

  /// Until a random moment, or to the last nanosecond of a token, or the one after.
  void Wait() {
    nanoseconds time = seconds(steps_.Below(steps_.Pick(std::array{5, 500, 10'000})));
    if (!issued_.empty() && steps_.OneIn(2)) {
      time = grants_[Issued()].end - now_ - nanoseconds(steps_.Below(2));
    }
    if (time < nanoseconds(0)) return;
    now_ += time;
    steps_.Note(fmt::format("{} ns pass", time.count()));
  }

  std::string Issued() { return issued_.empty() ? "" : steps_.Pick(issued_); }

  /// Almost a token: one with a digit changed, cut off or added, two in one, another server's.
  std::string Forged() {
    std::string token = Issued();
    const auto place = static_cast<std::size_t>(steps_.Below(static_cast<int>(token.size()) + 1));
    switch (steps_.Below(5)) {
      case 0:
        if (place < token.size()) token[place] = steps_.Pick(std::string("0123456789abcdefAF"));
        return token;
      case 1:
        return token.substr(0, place);
      case 2:
        return token.insert(place, 1, '0');
      case 3:
        return token.substr(0, place) + Issued().substr(place);
      default:
        return std::string(
            other_.Answer({"PUT", "/latest/api/token", {{kTtlHeader, "60"}}, {}}).body->Reveal());
    }
  }

  void Use(const std::string& token, User user) {
    const Response response = imds_.Answer({"GET",
                                            "/latest/meta-data/iam/security-credentials/web",
                                            {{kTokenHeader, token}},
                                            From(user)});
    const auto grant = grants_.find(token);
    const bool is_good =
        grant != grants_.end() && grant->second.user == user && now_ < grant->second.end;
    steps_.Note(fmt::format("user {} sends {}: {}", NameOf(user), token, response.status));
    EXPECT_EQ(response.status, is_good ? 200 : 401);
  }

  test::RandomSteps& steps_;
  nanoseconds now_ = seconds(steps_.Below(1'000'000));
  std::map<std::string, Grant> grants_;
  std::vector<std::string> issued_;
  FakeSource source_;
  ServedRoles roles_{{source_.AsRole()}};
  const Clock clock_ = [] { return kNow; };
  const Stopwatch stopwatch_ = [this] { return std::chrono::steady_clock::time_point(now_); };
  Imds imds_{roles_, clock_, stopwatch_};
  Imds other_{roles_, clock_, stopwatch_};
};

TEST(ImdsTokensPropertyTest, AreGoodForTheirUserAndTheirTimeAndNothingElseIs) {
  test::RunRounds(200, [](test::RandomSteps& steps) {
    ImdsTokensRound round(steps);
    for (int n = 0; n < 100 && !testing::Test::HasFailure(); ++n) round.Step();
    round.UseAll();
  });
}

}  // namespace
}  // namespace credmint::serve
