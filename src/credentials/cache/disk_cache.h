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

/// Under which name credentials are kept, and what a person is told about them.
struct CacheKey {
  std::string digest;  ///< of everything that changes the result; 64 hexadecimal digits
  std::string role_arn;
  std::string role_session_name;
};

/// What a cache has from its surroundings. Tests replace it.
struct CacheEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< default: sleeps
};

/// Credentials that processes of one user share by files: KEY.json, written in one step, and
/// KEY.lock, held by the one process that mints. Who finds neither a fresh entry nor the lock
/// waits for one of them. The kernel frees the lock of a process that dies.
///
/// An entry that is missing, malformed, under a wrong name, open to others or somebody else's is
/// replaced. Failures are not kept, and credentials that cannot be written are given out all the
/// same.
class DiskCache : public CredentialSource {
 public:
  /// `mint` is asked on a miss only, with the lock held. `timeout` is for waiting for the lock.
  DiskCache(CacheFolder folder, CacheKey key, std::function<Result<Credentials>()> mint,
            std::chrono::milliseconds timeout, CacheEnvironment environment = {});

  /// Fails with mint's error; kTimeout when another process holds the lock for too long; kLocalIo
  /// when the lock's file is not ours alone.
  Result<Credentials> Get() override;

 private:
  [[nodiscard]] std::optional<Credentials> Find() const;
  Result<Credentials> Mint() const;

  const CacheFolder folder_;
  const CacheKey key_;
  const std::function<Result<Credentials>()> mint_;
  const std::chrono::milliseconds timeout_;
  CacheEnvironment environment_;
};

/// All entries of a folder that can be read, in no order that means anything; the rest is left out.
Result<std::vector<CacheEntry>> ListCache(const CacheFolder& folder);

/// Removes all entries, what killed writers left, and the locks that nobody holds. Other files
/// stay.
Result<void> ClearCache(const CacheFolder& folder);

}  // namespace credmint
