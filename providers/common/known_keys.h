// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "common/key.h"

namespace credmint::provider {

/// The keys of a provider that have signed, and what opens each of them again with fewer calls of
/// its device: a Place. The name of a key is the text that names it, with its device. It holds no
/// secret. Safe to share between threads.
///
/// A key may have been replaced under its name, so it is only found by its public half as well.
/// Its signatures must be checked (NotedKey).
template <typename Place>
class KnownKeys {
 public:
  /// The place of the key with this name and one of the public halves.
  std::optional<Place> Find(std::string_view name, std::span<const PublicKey> halves) {
    const auto entries = entries_.Lock();
    for (const Entry& entry : *entries) {
      const bool fits =
          entry.name == name && std::find(halves.begin(), halves.end(), entry.half) != halves.end();
      if (fits) return entry.place;
    }
    return std::nullopt;
  }

  void Remember(const std::string& name, const PublicKey& half, const Place& place) {
    Forget(name, half);
    const auto entries = entries_.Lock();
    if (entries->size() == kMost) entries->erase(entries->begin());
    entries->push_back({name, half, place});
  }

  void Forget(std::string_view name, const PublicKey& half) {
    const auto entries = entries_.Lock();
    std::erase_if(*entries,
                  [&](const Entry& entry) { return entry.name == name && entry.half == half; });
  }

 private:
  static constexpr std::size_t kMost = 64;

  struct Entry {
    std::string name;
    PublicKey half;
    Place place;
  };

  Guarded<std::vector<Entry>> entries_;
};

/// A key that notes whether it signs.
class NotedKey final : public PrivateKey {
 public:
  struct Notes {
    std::function<void()> worked;  ///< called after the first signature
    std::function<void()> failed;
  };

  /// If `is_known`, the device was not asked whose key it is. Each signature is then verified.
  NotedKey(const ProviderContext& provider, PublicKey half, std::shared_ptr<const PrivateKey> key,
           bool is_known, Notes notes)
      : provider_(provider),
        half_(std::move(half)),
        key_(std::move(key)),
        is_known_(is_known),
        notes_(std::move(notes)) {}

  /// Fails with kDeviceLost if another key has taken the place of a known one. Opening the key
  /// again then asks the device.
  [[nodiscard]] Result<Bytes> Sign(const SignatureRequest& request) const override;

 private:
  const ProviderContext& provider_;
  PublicKey half_;
  std::shared_ptr<const PrivateKey> key_;
  bool is_known_;
  Notes notes_;
  mutable std::atomic<bool> has_worked_ = false;
};

}  // namespace credmint::provider
