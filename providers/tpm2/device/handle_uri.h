// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint::tpm2 {

/// A persistent TPM object as a store URI: "handle:0x81000002", with or without 0x. A key with an
/// auth value that must be asked for is "handle:0x81000002?pass".
struct HandleUri {
  TPM2_HANDLE handle = 0;
  bool has_auth = false;

  /// Fails with kMalformed for anything else, and for handles outside 0x81000000 to 0x81ffffff. The
  /// hint says what to write for a handle of another kind.
  static Result<HandleUri> Parse(std::string_view uri);
};

/// Parses "0x81000002" or "81000002": one to eight hexadecimal digits. Returns nullopt for any
/// other text.
std::optional<TPM2_HANDLE> ParseHandle(std::string_view text);

/// Cuts "?pass" off the end of a URI. False if the URI does not end with it.
bool TakePassSuffix(std::string_view& uri);

/// "0x81000002"
std::string FormatHandle(TPM2_HANDLE handle);

/// Whether a handle is in the range of persistent objects.
constexpr bool IsPersistent(TPM2_HANDLE handle) {
  return (handle & TPM2_HR_RANGE_MASK) == TPM2_HR_PERSISTENT;
}

/// Whether a handle is in the range of NV indices.
constexpr bool IsNvIndex(TPM2_HANDLE handle) {
  return (handle & TPM2_HR_RANGE_MASK) == TPM2_HR_NV_INDEX;
}

}  // namespace credmint::tpm2
