// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <string_view>

#include "base/error.h"

namespace credmint::tpm2 {

/// An NV index as a store URI: "nv:0x01900002", with or without 0x. An index that is read with an
/// auth value of its own, which must be asked for, is "nv:0x01900002?pass".
struct NvUri {
  TPM2_HANDLE index = 0;
  bool has_auth = false;

  /// Fails with kMalformed for anything else, and for handles outside 0x01000000 to 0x01ffffff.
  static Result<NvUri> Parse(std::string_view uri);
};

}  // namespace credmint::tpm2
