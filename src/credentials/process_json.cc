#include "credentials/process_json.h"

#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace credmint {
namespace {

/// A control character takes the most: \u001f.
constexpr std::size_t kLongestEscape = 6;

void AppendEscaped(std::string& json, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json += "\\u00";
      json += kDigits[byte >> 4U];
      json += kDigits[byte & 0x0fU];
    } else {
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
  }
}

void AppendMember(std::string& json, std::string_view name, std::string_view value) {
  json += ",\"";
  json += name;
  json += "\":\"";
  AppendEscaped(json, value);
  json += '"';
}

}  // namespace

Secret FormatProcessJson(const Credentials& credentials) {
  const std::string_view secret_access_key = credentials.secret_access_key.Reveal();
  const std::string_view session_token = credentials.session_token.Reveal();
  constexpr std::size_t kNamesAndExpiration = 200;
  std::string json;
  // Enough for everything, because growing would leave copies of secrets behind.
  json.reserve(kNamesAndExpiration +
               kLongestEscape * (credentials.access_key_id.size() + secret_access_key.size() +
                                 session_token.size() + credentials.account_id.size()));
  json += "{\"Version\":1";
  AppendMember(json, "AccessKeyId", credentials.access_key_id);
  AppendMember(json, "SecretAccessKey", secret_access_key);
  AppendMember(json, "SessionToken", session_token);
  AppendMember(json, "Expiration", FormatTimestamp(credentials.expiration));
  if (!credentials.account_id.empty()) AppendMember(json, "AccountId", credentials.account_id);
  json += '}';
  return Secret::Take(json);
}

}  // namespace credmint
