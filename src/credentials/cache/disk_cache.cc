// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/disk_cache.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/log.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDigestSize = 64;

constexpr std::string_view kEntry = ".json";
constexpr std::string_view kUnfinished = ".json.new";
constexpr std::string_view kLock = ".lock";

std::string EntryName(const std::string& digest) { return digest + std::string(kEntry); }
std::string LockName(const std::string& digest) { return digest + std::string(kLock); }

/// Whether the file is one of ours: a digest with this ending.
bool Is(std::string_view name, std::string_view ending) {
  return name.size() == kDigestSize + ending.size() && name.substr(kDigestSize) == ending &&
         name.substr(0, kDigestSize).find_first_not_of("0123456789abcdef") ==
             std::string_view::npos;
}

Result<CacheEntry> ReadEntry(const CacheFolder& folder, const std::string& name) {
  const auto text = folder.Read(name);
  if (!text) return Fail(text);
  auto entry = ParseCacheEntry(*text);
  if (!entry) return Fail(std::move(entry), name);
  if (EntryName(entry->key) != name) {
    return Fail(ErrorCode::kMalformed, fmt::format("{}: it belongs to another key", name));
  }
  return entry;
}

/// Removes a lock, or what a writer left, unless a process that lives holds the lock.
Result<void> RemoveUnused(const CacheFolder& folder, const std::string& name) {
  const std::string lock_name = LockName(name.substr(0, kDigestSize));
  const auto lock = folder.Lock(lock_name);
  if (!lock || !*lock) return {};
  // A lock is removed only once: the next one of that name may be another process's.
  if (auto removed = folder.Remove(name); !removed || name == lock_name) return removed;
  return folder.Remove(lock_name);
}

}  // namespace

DiskCache::DiskCache(CacheFolder folder, CacheKey key, std::function<Result<Credentials>()> mint,
                     milliseconds timeout, Clock clock)
    : folder_(std::move(folder)),
      key_(std::move(key)),
      mint_(std::move(mint)),
      timeout_(timeout),
      clock_(std::move(clock)) {}

Result<Credentials> DiskCache::Get() {
  if (auto found = Find()) return *std::move(found);
  const auto lock = folder_.Lock(LockName(key_.digest), timeout_);
  if (!lock) return Fail(lock, "locking the cache");
  if (*lock) return Mint();
  return Fail(ErrorCode::kTimeout,
              fmt::format("another process has been minting the same credentials for {} ms",
                          timeout_.count()),
              Remedy::kAllowMoreTime);
}

std::optional<Credentials> DiskCache::Find() const {
  auto entry = ReadEntry(folder_, EntryName(key_.digest));
  if (!entry) {
    LogDebug(fmt::format("not in the cache: {}", entry.error().message));
    return std::nullopt;
  }
  if (!entry->IsFresh(clock_())) {
    LogDebug("in the cache, but about to expire");
    return std::nullopt;
  }
  LogDebug(fmt::format("credentials {} are from the cache", entry->credentials.access_key_id));
  return std::move(entry->credentials);
}

Result<Credentials> DiskCache::Mint() const {
  // The previous holder of the lock may have written an entry since we looked.
  if (auto found = Find()) return *std::move(found);
  auto credentials = mint_();
  if (!credentials) return credentials;
  const CacheEntry entry{key_.digest, key_.role_arn, key_.role_session_name, clock_(),
                         credentials->Clone()};
  if (auto written = folder_.Replace(EntryName(key_.digest), FormatCacheEntry(entry)); !written) {
    LogWarning(fmt::format("not written to the cache: {}", written.error().message));
  }
  return credentials;
}

Result<std::vector<CacheEntry>> ListCache(const CacheFolder& folder) {
  const auto names = folder.Names();
  if (!names) return Fail(names);
  std::vector<CacheEntry> entries;
  for (const std::string& name : *names) {
    if (!Is(name, kEntry)) continue;
    auto entry = ReadEntry(folder, name);
    if (entry) {
      entries.push_back(*std::move(entry));
    } else {
      LogDebug(entry.error().message);
    }
  }
  return entries;
}

Result<void> ClearCache(const CacheFolder& folder) {
  const auto names = folder.Names();
  if (!names) return Fail(names);
  for (const std::string& name : *names) {
    Result<void> removed;
    if (Is(name, kEntry)) removed = folder.Remove(name);
    if (Is(name, kUnfinished) || Is(name, kLock)) removed = RemoveUnused(folder, name);
    if (!removed) return removed;
  }
  return {};
}

}  // namespace credmint
