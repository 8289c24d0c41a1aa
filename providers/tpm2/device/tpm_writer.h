// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_common.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "ossl/handles.h"

namespace credmint::tpm2 {

/// Marshals consecutive TPM structures with the functions of tpm2-tss: the inverse of TpmReader.
/// Requires a successful LoadTss2().
class TpmWriter {
 public:
  /// `writer.Write(Tss2().Tss2_MU_TPM2B_DIGEST_Marshal, digest)`
  template <typename MarshalFunction, typename T>
  TpmWriter& Write(MarshalFunction marshal, const T& value) {
    Bytes buffer(sizeof value);
    std::size_t size = 0;
    good_ = good_ && marshal(&value, buffer.data(), buffer.size(), &size) == TSS2_RC_SUCCESS;
    Append(ByteView(buffer).first(size));
    return *this;
  }

  /// The same for a number, which these functions take by value.
  TpmWriter& Write(TSS2_RC (*marshal)(UINT32, uint8_t*, std::size_t, std::size_t*), UINT32 value) {
    std::array<std::uint8_t, sizeof value> buffer{};
    std::size_t size = 0;
    good_ = good_ && marshal(value, buffer.data(), buffer.size(), &size) == TSS2_RC_SUCCESS;
    Append(ByteView(buffer).first(size));
    return *this;
  }

  TpmWriter& Append(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  /// False if a structure could not be marshalled.
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  bool good_ = true;
};

}  // namespace credmint::tpm2
