// SPDX-License-Identifier: Apache-2.0
// Fed: the contents of a file in the cache.
//
// Holds: an accepted entry is accepted again as it would be written. It then means the same, in
// whole seconds.

#include <chrono>

#include "credentials/cache/cache_entry.h"
#include "fuzz/input.h"
#include "fuzz/require.h"

namespace credmint {
namespace {

TimePoint Whole(TimePoint time) { return std::chrono::floor<std::chrono::seconds>(time); }

void Check(std::string_view text) {
  const auto entry = ParseCacheEntry(Secret(text));
  if (!entry) return test::RequireOneLine(entry.error().message, "a refusal is one line");
  const Credentials& one = entry->credentials;
  test::Require(
      !one.access_key_id.empty() && !one.secret_access_key.empty() && !one.session_token.empty(),
      "no credential is empty");
  const auto again = ParseCacheEntry(FormatCacheEntry(*entry));
  test::Require(again.has_value(), "an accepted entry is accepted again");
  const Credentials& other = again->credentials;
  test::Require(entry->key == again->key && entry->role_arn == again->role_arn &&
                    entry->role_session_name == again->role_session_name &&
                    Whole(entry->created) == again->created,
                "its names and its time stay");
  test::Require(one.access_key_id == other.access_key_id &&
                    one.secret_access_key == other.secret_access_key &&
                    one.session_token == other.session_token &&
                    one.account_id == other.account_id && Whole(one.expiration) == other.expiration,
                "its credentials stay");
  static_cast<void>(entry->IsFresh(again->created));
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
