// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace credmint::tpm2 {

/// One DER element: its tag and a view of its contents.
struct DerElement {
  int tag = 0;
  int tag_class = 0;  ///< V_ASN1_UNIVERSAL, V_ASN1_CONTEXT_SPECIFIC, …
  bool constructed = false;
  std::span<const std::uint8_t> contents;

  [[nodiscard]] bool IsUniversal(int wanted) const;

  /// For an explicit tag: the contents of the one element inside, if it is a universal one of type
  /// `wanted`.
  [[nodiscard]] std::optional<std::span<const std::uint8_t>> Inside(int wanted) const;
};

/// The contents of an INTEGER that is an unsigned number of at most 32 bits; also one that is
/// negative in exactly four bytes, as old writers put numbers with the highest bit set.
std::optional<std::uint32_t> ReadUint32(std::span<const std::uint8_t> integer);

/// Walks over the DER elements that follow one another in a piece of memory. Never looks outside
/// it; refuses indefinite lengths and contents that are cut short.
class DerReader {
 public:
  explicit DerReader(std::span<const std::uint8_t> input) : rest_(input) {}

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }

  /// The next element, or nothing if there is no whole one.
  std::optional<DerElement> Next();

  /// The next element if it is a universal one of type `tag` (V_ASN1_INTEGER, …).
  std::optional<std::span<const std::uint8_t>> Next(int tag);

  /// The next element if it has a context tag; otherwise nothing, and the reader stays in place.
  std::optional<DerElement> NextContextTag();

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace credmint::tpm2
