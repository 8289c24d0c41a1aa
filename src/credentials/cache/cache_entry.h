// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// What one file of the cache holds: credentials, what they were asked for with, and when.
struct CacheEntry {
  std::string key;  ///< of CacheKey: an entry under another name is not taken
  std::string role_arn;
  std::string role_session_name;  ///< empty: the service chose it
  TimePoint created;
  Credentials credentials;

  /// Good enough to be given out: SDKs ask for new ones from 15 minutes before the old ones expire
  /// (CONTRACT section 5), and would ask again at once. A minute more is left to use them; of
  /// sessions under 32 minutes half of their life has to be left. An entry from the future is
  /// not fresh: the date has been set back, and nothing can be said of its age.
  [[nodiscard]] bool IsFresh(TimePoint now) const;
};

/// One JSON object and a line end:
///
///     {"Created": TIME, "Format": 1, "Key": TEXT, "RoleArn": TEXT, "RoleSessionName": TEXT,
///      "Credentials": as FormatProcessJson}
///
/// The secrets are in clear. There is no key that would protect them better than the file's mode
/// does: whatever credmint could read to decrypt or to authenticate an entry, every other program
/// of the same user could read as well.
Secret FormatCacheEntry(const CacheEntry& entry);

/// The inverse. Fails with kMalformed on everything else, the beginning of an entry included.
Result<CacheEntry> ParseCacheEntry(const Secret& text);

}  // namespace credmint
