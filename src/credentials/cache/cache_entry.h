// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// The contents of a cache file: credentials, the parameters they were requested with, and the
/// time.
struct CacheEntry {
  std::string key;  ///< CacheKey::digest; an entry under another file name is ignored
  std::string role_arn;
  std::string role_session_name;  ///< empty: the service chose it
  TimePoint created;
  Credentials credentials;

  /// Whether the credentials may be given out. SDKs ask for new ones from 15 minutes before the old
  /// ones expire (CONTRACT section 5), and would ask again at once. One minute more leaves time to
  /// use them. For sessions under 32 minutes, half of their life must be left.
  ///
  /// An entry from the future is not fresh: the clock was set back, so its age is unknown.
  [[nodiscard]] bool IsFresh(TimePoint now) const;
};

/// Formats one JSON object and a line end:
///
///     {"Created": TIME, "Format": 1, "Key": TEXT, "RoleArn": TEXT, "RoleSessionName": TEXT,
///      "Credentials": as FormatProcessJson}
///
/// The secrets are in clear text. Encryption would not protect them better than the file's mode:
/// any program of the same user could read the key that credmint reads.
Secret FormatCacheEntry(const CacheEntry& entry);

/// Parses such a text. Fails with kMalformed on anything else, including a truncated entry.
Result<CacheEntry> ParseCacheEntry(const Secret& text);

}  // namespace credmint
