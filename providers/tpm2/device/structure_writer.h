// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_common.h>

#include <cstddef>

#include "ossl/handles.h"

namespace credmint::tpm2 {

/// Appends the form in which the TPM gets a structure:
/// `AppendStructure(bytes, Tss2().Tss2_MU_TPM2B_PUBLIC_Marshal, area)`. Returns whether it could.
/// Requires a successful LoadTss2().
template <typename MarshalFunction, typename T>
bool AppendStructure(Bytes& bytes, MarshalFunction marshal, const T& value) {
  Bytes buffer(sizeof value);
  std::size_t size = 0;
  if (marshal(&value, buffer.data(), buffer.size(), &size) != TSS2_RC_SUCCESS) return false;
  bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  return true;
}

}  // namespace credmint::tpm2
