// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/cache_entry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-01-01T12:00:00Z
constexpr TimePoint kCreated{seconds(1767268800)};

CacheEntry Example(seconds lifetime = hours(1)) {
  return {std::string(64, 'a'), "arn:aws:iam::111122223333:role/web", "a \"name\"", kCreated,
          Credentials{"AK", Secret("SK/+="), Secret("ST"), kCreated + lifetime, "111122223333"}};
}

TEST(CacheEntryTest, RefusesEveryPartOfAnEntry) {
  const Secret whole = FormatCacheEntry(Example());
  const std::string text(whole.Reveal());
  for (std::size_t size = 0; size < text.size() - 1; ++size) {
    EXPECT_FALSE(ParseCacheEntry(Secret(text.substr(0, size)))) << size;
  }
}

TEST(CacheEntryTest, RefusesOtherTypesAndMissingMembers) {
  const Secret whole = FormatCacheEntry(Example());
  const auto entry = nlohmann::json::parse(whole.Reveal());
  for (const auto& [name, value] : entry.items()) {
    for (const nlohmann::json& other :
         {nlohmann::json(), nlohmann::json(7), nlohmann::json("x"), nlohmann::json::array()}) {
      if (name == "Key" || name.starts_with("Role")) continue;  // these may be any text
      auto changed = entry;
      changed[name] = other;
      const auto parsed = ParseCacheEntry(Secret(changed.dump()));
      ASSERT_FALSE(parsed) << changed;
      EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
    }
    auto without = entry;
    without.erase(name);
    EXPECT_FALSE(ParseCacheEntry(Secret(without.dump()))) << name;
  }
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    auto empty = entry;
    empty["Credentials"][name] = "";
    EXPECT_FALSE(ParseCacheEntry(Secret(empty.dump()))) << name;
  }
}

TEST(CacheEntryTest, ComesBackAsItWas) {
  const auto entry = ParseCacheEntry(FormatCacheEntry(Example()));
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->key, std::string(64, 'a'));
  EXPECT_EQ(entry->role_arn, "arn:aws:iam::111122223333:role/web");
  EXPECT_EQ(entry->role_session_name, "a \"name\"");
  EXPECT_EQ(entry->created, kCreated);
  EXPECT_EQ(entry->credentials.access_key_id, "AK");
  EXPECT_EQ(entry->credentials.secret_access_key.Reveal(), "SK/+=");
  EXPECT_EQ(entry->credentials.session_token.Reveal(), "ST");
  EXPECT_EQ(entry->credentials.expiration, kCreated + hours(1));
  EXPECT_EQ(entry->credentials.account_id, "111122223333");
}

TEST(CacheEntryTest, IsNotFreshInTheWindowOfTheSdks) {
  const CacheEntry entry = Example();
  EXPECT_TRUE(entry.IsFresh(kCreated));
  EXPECT_TRUE(entry.IsFresh(kCreated + minutes(44)));
  EXPECT_FALSE(entry.IsFresh(kCreated + minutes(44) + seconds(1)));
  EXPECT_FALSE(entry.IsFresh(kCreated + hours(1)));
  EXPECT_FALSE(entry.IsFresh(kCreated + hours(1000)));
}

TEST(CacheEntryTest, OfAShortSessionIsFreshForHalfOfItsLife) {
  const CacheEntry entry = Example(minutes(15));
  EXPECT_TRUE(entry.IsFresh(kCreated + minutes(7) + seconds(30)));
  EXPECT_FALSE(entry.IsFresh(kCreated + minutes(7) + seconds(31)));
}

TEST(CacheEntryTest, FromTheFutureIsNotFresh) {
  EXPECT_FALSE(Example().IsFresh(kCreated - seconds(1)));
}

TEST(CacheEntryTest, ThatExpiredBeforeItWasMadeIsNotFresh) {
  const CacheEntry entry = Example(seconds(-100));
  EXPECT_FALSE(entry.IsFresh(kCreated));
  EXPECT_FALSE(entry.IsFresh(kCreated - seconds(200)));
}

}  // namespace
}  // namespace credmint
