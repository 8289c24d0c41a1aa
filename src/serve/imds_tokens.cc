#include "serve/imds_tokens.h"

#include <algorithm>

#include "base/constant_time.h"
#include "base/random_text.h"

namespace credmint::serve {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kStartDigits = 16;

}  // namespace

void ImdsTokens::Tokens::EraseFirst(Moment now) {
  const auto first = by_expiry.begin();
  if (first->first > now) ++evicted;
  by_start.erase(first->second);
  by_expiry.erase(first);
}

Result<Secret> ImdsTokens::Issue(std::chrono::seconds ttl) {
  auto token = RandomHex(kTokenBytes);
  if (!token) return Fail(std::move(token), "making a token");
  const std::string start(token->Reveal().substr(0, kStartDigits));
  const Moment now = stopwatch_();
  const Moment expiry = now + ttl;

  const auto tokens = tokens_.Lock();
  if (tokens->by_start.contains(start)) {
    return Fail(ErrorCode::kInternal, "random numbers repeat themselves");
  }
  if (tokens->by_start.size() == kMaxTokens) tokens->EraseFirst(now);
  tokens->by_start.emplace(start, Entry{Secret(token->Reveal().substr(kStartDigits)), expiry});
  tokens->by_expiry.emplace(expiry, start);
  return token;
}

bool ImdsTokens::IsValid(std::string_view token) {
  if (token.size() != 2 * kTokenBytes) return false;
  const Moment now = stopwatch_();
  const auto tokens = tokens_.Lock();
  const auto found = tokens->by_start.find(token.substr(0, kStartDigits));
  if (found == tokens->by_start.end() || found->second.expiry <= now) return false;
  return EqualInConstantTime(found->second.rest.Reveal(), token.substr(kStartDigits));
}

TokenCounts ImdsTokens::Counts() {
  const Moment now = stopwatch_();
  const auto tokens = tokens_.Lock();
  const auto is_valid = [&](const auto& entry) { return entry.first > now; };
  const auto valid = std::count_if(tokens->by_expiry.begin(), tokens->by_expiry.end(), is_valid);
  return {static_cast<std::uint64_t>(valid), tokens->evicted};
}

std::size_t ImdsTokens::size() { return tokens_.Lock()->by_start.size(); }

}  // namespace credmint::serve
