// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace credmint::daemon {
namespace {

using std::chrono::days;

// 2026-01-01T12:00:00Z
constexpr TimePoint kNoon{std::chrono::seconds(1767268800)};

serve::RoleStatus Valid(const std::string& name) {
  RefresherState state;
  state.has_valid = true;
  state.expiration = kNoon + std::chrono::minutes(125);
  return {name, state, {}, kNoon + days(12) + std::chrono::hours(1)};
}

serve::RoleStatus Failing(const std::string& name, ErrorCode code) {
  RefresherState state;
  state.failure = code;
  return {name, state, {}, {}};
}

std::string Line(const std::vector<serve::RoleStatus>& roles) { return StatusLine(roles, kNoon); }

TEST(StatusLineTest, SaysUntilWhenAndHowLongTheCertificateLasts) {
  EXPECT_EQ(Line({Valid("web")}), "web: until 14:05 UTC, certificate 12 days");
}

TEST(StatusLineTest, RolesWithOneStateShareItsWords) {
  EXPECT_EQ(Line({Failing("a", ErrorCode::kPinIncorrect), Valid("web"),
                  Failing("b", ErrorCode::kPinIncorrect)}),
            "a, b: PIN refused, waits for SIGHUP; web: until 14:05 UTC, certificate 12 days");
}

TEST(StatusLineTest, AFailingRenewalIsSaidBesideTheEnd) {
  serve::RoleStatus role = Valid("web");
  role.state.failure = ErrorCode::kNetwork;
  EXPECT_EQ(Line({role}),
            "web: until 14:05 UTC, certificate 12 days, renewal fails: the service cannot be "
            "reached");
}

TEST(StatusLineTest, ASpareIdentityIsNamed) {
  serve::RoleStatus role = Valid("web");
  role.spare_in_use = "hsm-b";
  EXPECT_EQ(Line({role}), "web: until 14:05 UTC, certificate 12 days, with the identity hsm-b");
}

TEST(StatusLineTest, ARoleThatHasNotAskedYetSaysSo) {
  EXPECT_EQ(Line({{"web", {}, {}, {}}}), "web: asks for the first time");
}

}  // namespace
}  // namespace credmint::daemon
