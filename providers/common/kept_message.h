// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "ossl/handles.h"

namespace credmint::provider {

/// A copy of a message that is signed in parts, for devices that must hash it themselves. Dropped,
/// and its memory freed, once the message grows beyond kMaxSize.
class KeptMessage {
 public:
  static constexpr std::size_t kMaxSize = 64UL * 1024;  ///< in bytes

  void Append(ByteView part) {
    too_long_ = too_long_ || part.size() > kMaxSize - bytes_.size();
    if (too_long_) {
      Bytes().swap(bytes_);
    } else {
      bytes_.insert(bytes_.end(), part.begin(), part.end());
    }
  }

  /// The whole message, valid until the next Append(); nullopt if it was too long.
  [[nodiscard]] std::optional<ByteView> View() const {
    return too_long_ ? std::nullopt : std::optional<ByteView>(bytes_);
  }

 private:
  Bytes bytes_;
  bool too_long_ = false;
};

}  // namespace credmint::provider
