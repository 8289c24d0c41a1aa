// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/handle_uri.h"

#include <fmt/format.h>

#include <charconv>

#include "base/shown_value.h"

namespace credmint::tpm2 {
namespace {

constexpr std::string_view kHandleScheme = "handle:";
constexpr std::string_view kPassSuffix = "?pass";
constexpr std::size_t kMostDigits = 8;

std::string HandleHint(std::optional<TPM2_HANDLE> handle) {
  if (handle && IsNvIndex(*handle)) {
    return fmt::format("that is an NV index; for a certificate in it, write nv:{}",
                       FormatHandle(*handle));
  }
  if (handle && (*handle & TPM2_HR_RANGE_MASK) == TPM2_HR_TRANSIENT) {
    return "that is a transient object, which nobody else can use; tpm2_evictcontrol makes a key "
           "persistent, tpm2_encodeobject writes a key file";
  }
  return "write handle:0x81000000 to handle:0x81ffffff, followed by ?pass if the key has an auth "
         "value";
}

}  // namespace

std::optional<TPM2_HANDLE> ParseHandle(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  TPM2_HANDLE handle = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, handle, 16);
  if (error != std::errc() || stop != end || text.size() > kMostDigits) return std::nullopt;
  return handle;
}

bool TakePassSuffix(std::string_view& uri) {
  if (!uri.ends_with(kPassSuffix)) return false;
  uri.remove_suffix(kPassSuffix.size());
  return true;
}

Result<HandleUri> HandleUri::Parse(std::string_view uri) {
  std::string_view rest = uri;
  if (rest.starts_with(kHandleScheme)) rest.remove_prefix(kHandleScheme.size());
  const bool has_auth = TakePassSuffix(rest);
  const auto handle = ParseHandle(rest);
  if (!handle || !IsPersistent(*handle)) {
    std::string message = fmt::format("{} does not name a persistent TPM handle", Shown(uri));
    if (handle && (*handle & TPM2_HR_RANGE_MASK) == TPM2_HR_PERMANENT) {
      return Fail(ErrorCode::kMalformed, std::move(message), Remedy::kListTpm,
                  "that is a hierarchy, not a key");
    }
    return Fail(ErrorCode::kMalformed, std::move(message), HandleHint(handle));
  }
  return HandleUri{*handle, has_auth};
}

std::string FormatHandle(TPM2_HANDLE handle) { return fmt::format("0x{:08x}", handle); }

}  // namespace credmint::tpm2
