// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_common.h>

#include <cstddef>

#include "ossl/handles.h"

namespace credmint::tpm2 {

/// Unmarshals consecutive TPM structures with the functions of tpm2-tss, never reading outside the
/// input. Requires a successful LoadTss2().
class TpmReader {
 public:
  explicit TpmReader(ByteView input) : input_(input) {}

  /// `reader.Read(Tss2().Tss2_MU_TPM2B_DIGEST_Unmarshal, digest)`. False if no whole structure is
  /// left.
  template <typename T>
  bool Read(TSS2_RC (*unmarshal)(const uint8_t*, std::size_t, std::size_t*, T*), T& value) {
    return !input_.empty() &&
           unmarshal(input_.data(), input_.size(), &offset_, &value) == TSS2_RC_SUCCESS;
  }

  /// The number of bytes read.
  [[nodiscard]] std::size_t offset() const { return offset_; }

  [[nodiscard]] bool AtEnd() const { return offset_ == input_.size(); }

 private:
  ByteView input_;
  std::size_t offset_ = 0;
};

}  // namespace credmint::tpm2
