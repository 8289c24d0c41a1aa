#include "tpm2/handle_uri.h"

#include <fmt/format.h>

#include <charconv>

#include "base/printable.h"

namespace credmint::tpm2 {
namespace {

constexpr std::string_view kScheme = "handle:";
constexpr std::string_view kPassSuffix = "?pass";

}  // namespace

Result<HandleUri> HandleUri::Parse(std::string_view uri) {
  HandleUri result;
  std::string_view digits = uri;
  if (digits.starts_with(kScheme)) digits.remove_prefix(kScheme.size());
  if (digits.ends_with(kPassSuffix)) {
    digits.remove_suffix(kPassSuffix.size());
    result.has_auth = true;
  }
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, result.handle, 16);
  if (error != std::errc() || stop != end || digits.size() > 8 || !IsPersistent(result.handle)) {
    return Fail(ErrorCode::kMalformed,
                fmt::format("'{}' does not name a persistent TPM handle", Printable(uri)),
                "write handle:0x81000000 to handle:0x81ffffff, with ?pass behind it if the key has "
                "an auth value");
  }
  return result;
}

std::string FormatHandle(TPM2_HANDLE handle) { return fmt::format("0x{:08x}", handle); }

}  // namespace credmint::tpm2
