// SPDX-License-Identifier: Apache-2.0
#include "base/random_text.h"

#include <fmt/format.h>
#include <string.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace credmint {

Result<Secret> RandomHex(std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 256> random{};  // up to this size getrandom() gives all or nothing
  if (bytes > random.size() || getrandom(random.data(), bytes, 0) < 0) {
    return Fail(ErrorCode::kInternal,
                fmt::format("random numbers: {}", std::generic_category().message(errno)));
  }
  std::string text;
  text.reserve(2 * bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    text += kDigits[random[i] >> 4U];
    text += kDigits[random[i] & 0x0fU];
  }
  explicit_bzero(random.data(), random.size());
  return Secret::Take(text);
}

}  // namespace credmint
