// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "credentials/cache/cache_entry.h"
#include "credentials/cache/cache_folder.h"
#include "credentials/credential_source.h"

namespace credmint {

/// The key under which credentials are cached, and the fields shown to people.
struct CacheKey {
  std::string digest;  ///< of everything that affects the result; 64 hexadecimal digits
  std::string role_arn;
  std::string role_session_name;
};

/// Shares credentials between the processes of one user in files. KEY.json is written atomically.
/// KEY.lock is held by the one process that mints. A process that finds no fresh entry waits for
/// the lock, and then looks again. The kernel releases the lock of a process that dies.
///
/// An entry is replaced if it is missing, malformed, under a wrong name, open to others or another
/// user's. Failures are not cached. Credentials that cannot be written are returned all the same.
class DiskCache : public CredentialSource {
 public:
  /// `mint` is called only on a miss, with the lock held. `timeout` limits the wait for the lock.
  DiskCache(CacheFolder folder, CacheKey key, std::function<Result<Credentials>()> mint,
            std::chrono::milliseconds timeout, Clock clock = std::chrono::system_clock::now);

  /// Fails with the error of `mint`. Fails with kTimeout if another process holds the lock for too
  /// long, and with kLocalIo if others have access to the lock file.
  Result<Credentials> Get() override;

 private:
  [[nodiscard]] std::optional<Credentials> Find() const;
  Result<Credentials> Mint() const;

  const CacheFolder folder_;
  const CacheKey key_;
  const std::function<Result<Credentials>()> mint_;
  const std::chrono::milliseconds timeout_;
  const Clock clock_;
};

/// Returns all readable entries of a folder, in arbitrary order. Other files are ignored.
Result<std::vector<CacheEntry>> ListCache(const CacheFolder& folder);

/// Removes all entries, the remains of killed writers, and locks that nobody holds. Other files
/// stay.
Result<void> ClearCache(const CacheFolder& folder);

}  // namespace credmint
