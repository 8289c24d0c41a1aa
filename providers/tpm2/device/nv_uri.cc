// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_uri.h"

#include <fmt/format.h>

#include "base/shown_value.h"
#include "tpm2/device/handle_uri.h"

namespace credmint::tpm2 {
namespace {

constexpr std::string_view kNvScheme = "nv:";

std::string NvHint(std::optional<TPM2_HANDLE> handle) {
  if (handle && IsPersistent(*handle)) {
    return fmt::format("for a key, write handle:{}", FormatHandle(*handle));
  }
  return "write nv:0x01000000 to nv:0x01ffffff, as tpm2_getcap handles-nv-index shows them";
}

}  // namespace

Result<NvUri> NvUri::Parse(std::string_view uri) {
  std::string_view rest = uri;
  if (rest.starts_with(kNvScheme)) rest.remove_prefix(kNvScheme.size());
  const bool has_auth = TakePassSuffix(rest);
  const auto index = ParseHandle(rest);
  if (!index || !IsNvIndex(*index)) {
    return Fail(ErrorCode::kMalformed,
                fmt::format("{} does not name an NV index of a TPM", Shown(uri)), NvHint(index));
  }
  return NvUri{*index, has_auth};
}

}  // namespace credmint::tpm2
