// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "ossl/handles.h"

namespace credmint {

/// Reads the numbers and byte strings of a TPM's structures, big-endian, and never outside the
/// input. After the first thing that is not there, everything reads as zero or empty, and `ok()`
/// is false. So a whole structure is read first, and judged then.
class StructureReader {
 public:
  explicit StructureReader(ByteView input) : rest_(input) {}

  std::uint8_t Byte() { return static_cast<std::uint8_t>(Number(1)); }
  std::uint16_t Short() { return static_cast<std::uint16_t>(Number(2)); }
  std::uint32_t Long() { return static_cast<std::uint32_t>(Number(4)); }
  std::uint64_t LongLong() { return Number(8); }

  /// `size` bytes, which point into the input.
  ByteView Take(std::size_t size);
  /// The bytes behind their size, a number of two bytes.
  ByteView Sized() { return Take(Short()); }

  /// Records that what was read makes no sense.
  void Reject() { ok_ = false; }

  [[nodiscard]] bool ok() const { return ok_; }
  /// Whether all was read, and nothing was missing.
  [[nodiscard]] bool IsComplete() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t Number(std::size_t size);

  ByteView rest_;
  bool ok_ = true;
};

/// Appends the bytes behind their size, a number of two bytes.
void AppendSized(Bytes& bytes, ByteView value);

}  // namespace credmint
