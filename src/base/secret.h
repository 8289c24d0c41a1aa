// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace credmint {

/// Bytes that must not outlive their use: a PIN, an auth value, a passphrase, the contents of a key
/// file, a secret access key. Wiped on destruction, move-only, and not printable by accident; the
/// only way to the bytes is Reveal(), so every reader of a secret is found by one grep.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  ~Secret();

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  /// Takes over the bytes of `source` and wipes it.
  static Secret Take(std::span<char> source);

  /// A second copy, for the few places that keep one.
  [[nodiscard]] Secret Clone() const { return Secret(Reveal()); }

  /// The bytes; valid as long as this object lives.
  [[nodiscard]] std::string_view Reveal() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Takes as long whatever is in them, but for their lengths.
  bool operator==(const Secret& other) const;

  /// Drops (and wipes) everything behind the first `size` bytes.
  void Truncate(std::size_t size);

 private:
  void Wipe();

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace credmint
