// SPDX-License-Identifier: Apache-2.0
#include "serve/api/imds_tokens.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/constant_time.h"
#include "base/random_text.h"
#include "ossl/encoding.h"

namespace credmint::serve {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kExpiryDigits = 16;
constexpr std::size_t kFactsDigits = 32;
constexpr std::size_t kCodeBytes = 16;
constexpr std::size_t kTokenDigits = kFactsDigits + 2 * kCodeBytes;

}  // namespace

ImdsTokens::ImdsTokens(Stopwatch stopwatch) : stopwatch_(std::move(stopwatch)) {
  if (const auto key = RandomHex(kKeyBytes); key) hmac_.emplace(*key);
}

Result<Secret> ImdsTokens::Issue(std::chrono::seconds ttl, std::optional<uid_t> user) {
  if (!hmac_) return Fail(ErrorCode::kInternal, "making a token: the system has no random numbers");
  const nanoseconds expiry = (stopwatch_() + ttl).time_since_epoch();
  const std::string facts = fmt::format("{:016x}{:016x}", expiry.count(), ++issued_);
  return Secret(facts + CodeOf(facts, user));
}

bool ImdsTokens::IsValid(std::string_view token, std::optional<uid_t> user) const {
  if (!hmac_ || token.size() != kTokenDigits) return false;
  const std::string_view facts = token.substr(0, kFactsDigits);
  if (!EqualInConstantTime(CodeOf(facts, user), token.substr(kFactsDigits))) return false;
  nanoseconds::rep expiry = 0;
  std::from_chars(facts.data(), facts.data() + kExpiryDigits, expiry, 16);
  return stopwatch_().time_since_epoch() < nanoseconds(expiry);
}

std::string ImdsTokens::CodeOf(std::string_view facts, std::optional<uid_t> user) const {
  const PlainHmac::Code code =
      hmac_->Of(user ? fmt::format("{} {}", facts, *user) : std::string(facts));
  return Hex(ByteView(code).first(kCodeBytes));
}

}  // namespace credmint::serve
