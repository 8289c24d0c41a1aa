// SPDX-License-Identifier: Apache-2.0
#include "ossl/error_queue.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "ossl/fips.h"

namespace credmint {
namespace {

bool IsOurs(unsigned long error) {
  const char* library = ERR_lib_error_string(error);
  return library != nullptr && std::string_view(library).starts_with(kProviderNamePrefix);
}

std::chrono::milliseconds Milliseconds(std::string_view text) {
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::chrono::milliseconds(std::max<std::int64_t>(count, 0));
}

bool IsCode(int reason) { return reason > 0 && reason <= static_cast<int>(kLastErrorCode); }

bool IsRemedy(int reason) {
  return reason > kRemedyReason && reason <= kRemedyReason + static_cast<int>(kLastRemedy);
}

bool IsHint(int reason) { return reason == kHintReason || reason > kRemedyReason; }

/// A remedy that only a later version knows becomes an ordinary hint.
void TakeHint(int reason, std::string_view text, Error& error) {
  if (!IsRemedy(reason)) return error.SetHint(std::string(text));
  const std::size_t words = text.find(kBehindWords);
  error.remedy = static_cast<Remedy>(reason - kRemedyReason);
  error.hint = words == std::string_view::npos ? "" : text.substr(words + kBehindWords.size());
}

/// The algorithm that OpenSSL could not find, from its text "..., Algorithm (MD5 : 95), ...".
std::string MissingAlgorithm(std::string_view data) {
  constexpr std::string_view kBefore = "Algorithm (";
  const std::size_t before = data.find(kBefore);
  if (before == std::string_view::npos) return "an algorithm";
  const std::string_view name = data.substr(before + kBefore.size());
  return std::string(name.substr(0, name.find(" :")));
}

std::string Describe(unsigned long error, std::string_view data) {
  const char* reason = ERR_reason_error_string(error);
  std::array<char, 64> fallback{};
  if (reason == nullptr) {
    ERR_error_string_n(error, fallback.data(), fallback.size());
    reason = fallback.data();
  }
  return data.empty() ? std::string(reason) : fmt::format("{} ({})", reason, data);
}

}  // namespace

Error TakeOpensslError(ErrorCode fallback) {
  std::string missing;
  Error error = TakeOpensslError(fallback, missing);
  return missing.empty() || !ObeysFips() ? error : NotAllowedByFips(missing);
}

Error NotAllowedByFips(const std::string& algorithm) {
  return {ErrorCode::kKeyUnusable,
          fmt::format("{} is not allowed, because OpenSSL's configuration demands FIPS", algorithm),
          {}};
}

Error TakeOpensslError(ErrorCode fallback, std::string& missing_algorithm) {
  missing_algorithm.clear();
  Error ours{};
  bool have_ours = false;
  bool more_follows = false;
  std::string others;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long error = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    const std::string_view text = (flags & ERR_TXT_STRING) != 0 && data != nullptr ? data : "";
    const bool misses =
        ERR_GET_LIB(error) == ERR_LIB_EVP && ERR_GET_REASON(error) == ERR_R_UNSUPPORTED;
    if (misses && missing_algorithm.empty()) missing_algorithm = MissingAlgorithm(text);
    if (IsOurs(error)) {
      const int reason = ERR_GET_REASON(error);
      const bool is_more = IsHint(reason) || reason == kRetryAfterReason;
      if (IsHint(reason) && more_follows) TakeHint(reason, text, ours);
      if (reason == kRetryAfterReason && more_follows) ours.retry_after = Milliseconds(text);
      if (!is_more) more_follows = !have_ours;
      if (!is_more && !have_ours) {
        ours.code = IsCode(reason) ? static_cast<ErrorCode>(reason) : fallback;
        ours.message = text;
        have_ours = true;
      }
      continue;
    }
    const std::string described = Describe(error, text);
    if (others.find(described) != std::string::npos) continue;
    if (!others.empty()) others += "; ";
    others += described;
  }
  if (have_ours) {
    missing_algorithm.clear();
    return ours;
  }
  std::replace(others.begin(), others.end(), '\n', ' ');
  return Error{fallback, others.empty() ? "no reason given" : others, {}};
}

}  // namespace credmint
