// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace credmint {

/// Bytes that must not outlive their use: a PIN, an auth value, a passphrase, the contents of a key
/// file, a secret access key. Kept out of swap as far as the process may lock memory. Wiped on
/// destruction, move-only, and not printable by accident.
/// Reveal() is the only access to the bytes, so one grep finds every reader of a secret.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  ~Secret();

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  /// Copies the bytes of `source` and wipes it.
  static Secret Take(std::span<char> source);

  /// Returns a second copy, for the few places that keep one.
  [[nodiscard]] Secret Clone() const { return Secret(Reveal()); }

  /// Returns the bytes; valid as long as this object lives.
  [[nodiscard]] std::string_view Reveal() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Compares in constant time for a given length.
  bool operator==(const Secret& other) const;

  /// Drops and wipes all bytes after the first `size`.
  void Truncate(std::size_t size);

 private:
  void Wipe();

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

using SharedSecret = std::shared_ptr<const Secret>;

}  // namespace credmint
