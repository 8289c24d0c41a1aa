// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ossl/handles.h"

namespace credmint {

/// One element of DER (X.690): its tag, and views of its contents and of all of it.
struct DerItem {
  int tag = 0;
  int tag_class = 0;  ///< V_ASN1_UNIVERSAL, V_ASN1_CONTEXT_SPECIFIC, …
  bool constructed = false;
  ByteView contents;
  ByteView whole;

  [[nodiscard]] bool IsUniversal(int wanted) const;

  /// For an explicit tag: the contents of the only element inside, if that is a universal element
  /// of type `wanted`; otherwise nullopt.
  [[nodiscard]] std::optional<ByteView> Inside(int wanted) const;
};

/// Iterates over consecutive DER elements, never reading outside the input. Rejects indefinite
/// lengths and truncated contents.
class DerReader {
 public:
  explicit DerReader(ByteView input) : rest_(input) {}

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }

  /// The next element; nullopt if no whole one is left.
  std::optional<DerItem> Next();

  /// The next element, if it is a universal one of type `tag` (V_ASN1_INTEGER, …).
  std::optional<ByteView> Next(int tag);

  /// The next element, if it has a context tag. Otherwise returns nullopt and does not advance.
  std::optional<DerItem> NextContextTag();
  /// The same, only for this tag.
  std::optional<DerItem> NextContextTag(int tag);

 private:
  ByteView rest_;
};

}  // namespace credmint
