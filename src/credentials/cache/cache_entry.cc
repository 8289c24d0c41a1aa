// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/cache_entry.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/timestamp.h"
#include "credentials/process_json.h"

namespace credmint {
namespace {

using Json = nlohmann::json;
using std::chrono::minutes;

constexpr int kFormat = 1;
constexpr minutes kLeastLeft{16};

tl::unexpected<Error> Malformed(std::string message) {
  return Fail(ErrorCode::kMalformed, std::move(message));
}

/// Returns the text of an object's member, or null if there is none.
std::string* Text(Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found != object.end() ? found->get_ptr<std::string*>() : nullptr;
}

Result<TimePoint> Time(Json& object, const char* name) {
  const std::string* const text = Text(object, name);
  if (text == nullptr) return Malformed(std::string("it has no ") + name);
  return ParseTimestamp(*text);
}

Result<Credentials> ReadCredentials(Json& object) {
  auto expiration = Time(object, "Expiration");
  if (!expiration) return Fail(std::move(expiration));
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "SessionToken"}) {
    const std::string* const text = Text(object, name);
    if (text == nullptr || text->empty()) return Malformed(std::string("it has no ") + name);
  }
  const std::string* const account = Text(object, "AccountId");
  return Credentials{*Text(object, "AccessKeyId"), Secret::Take(*Text(object, "SecretAccessKey")),
                     Secret::Take(*Text(object, "SessionToken")), *expiration,
                     account != nullptr ? *account : std::string()};
}

}  // namespace

bool CacheEntry::IsFresh(TimePoint now) const {
  const auto half = (credentials.expiration - created) / 2;
  const auto needed = std::min<TimePoint::duration>(kLeastLeft, half);
  return created <= now && now < credentials.expiration && credentials.expiration - now >= needed;
}

Secret FormatCacheEntry(const CacheEntry& entry) {
  std::string head = Json{{"Format", kFormat},
                          {"Key", entry.key},
                          {"RoleArn", entry.role_arn},
                          {"RoleSessionName", entry.role_session_name},
                          {"Created", FormatTimestamp(entry.created)}}
                         .dump(-1, ' ', false, Json::error_handler_t::replace);
  head.back() = ',';
  constexpr std::string_view kName = "\"Credentials\":";
  const Secret credentials = FormatProcessJson(entry.credentials);
  std::string text;
  text.reserve(head.size() + kName.size() + credentials.size() + 2);  // growing would leave copies
  text += head;
  text += kName;
  text += credentials.Reveal();
  text += "}\n";
  return Secret::Take(text);
}

Result<CacheEntry> ParseCacheEntry(const Secret& text) {
  // The parser's own copies cannot be wiped. Those in the document are moved out.
  Json object = Json::parse(text.Reveal(), nullptr, false);
  if (!object.is_object()) return Malformed("it is not a JSON object");
  if (object.value("Format", Json()) != kFormat) return Malformed("it has another format");
  for (const char* name : {"Key", "RoleArn", "RoleSessionName"}) {
    if (Text(object, name) == nullptr) return Malformed(std::string("it has no ") + name);
  }
  auto created = Time(object, "Created");
  if (!created) return Fail(std::move(created));
  const auto found = object.find("Credentials");
  if (found == object.end()) return Malformed("it has no Credentials");
  auto credentials = ReadCredentials(*found);
  if (!credentials) return Fail(std::move(credentials));
  return CacheEntry{*Text(object, "Key"), *Text(object, "RoleArn"),
                    *Text(object, "RoleSessionName"), *created, *std::move(credentials)};
}

}  // namespace credmint
