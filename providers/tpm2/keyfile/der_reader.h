// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace credmint::tpm2 {

/// One DER element: its tag, and views of its contents and of all of it.
struct DerElement {
  int tag = 0;
  int tag_class = 0;  ///< V_ASN1_UNIVERSAL, V_ASN1_CONTEXT_SPECIFIC, …
  bool constructed = false;
  std::span<const std::uint8_t> contents;
  std::span<const std::uint8_t> whole;

  [[nodiscard]] bool IsUniversal(int wanted) const;

  /// For an explicit tag: the contents of the only element inside, if that is a universal element
  /// of type `wanted`; otherwise nullopt.
  [[nodiscard]] std::optional<std::span<const std::uint8_t>> Inside(int wanted) const;
};

/// Reads an INTEGER as an unsigned number of at most 32 bits. Accepts a negative number in exactly
/// four bytes: old writers encode numbers with the highest bit set that way.
std::optional<std::uint32_t> ReadUint32(std::span<const std::uint8_t> integer);

/// Iterates over consecutive DER elements, never reading outside the input. Rejects indefinite
/// lengths and truncated contents.
class DerReader {
 public:
  explicit DerReader(std::span<const std::uint8_t> input) : rest_(input) {}

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }

  /// The next element; nullopt if no whole one is left.
  std::optional<DerElement> Next();

  /// The next element, if it is a universal one of type `tag` (V_ASN1_INTEGER, …).
  std::optional<std::span<const std::uint8_t>> Next(int tag);

  /// The next element, if it has a context tag. Otherwise returns nullopt and does not advance.
  std::optional<DerElement> NextContextTag();

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace credmint::tpm2
