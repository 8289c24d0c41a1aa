// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/session_response.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/timestamp.h"
#include "rolesanywhere/arn.h"

namespace credmint {
namespace {

using Json = nlohmann::json;

constexpr const char* kHint =
    "something other than the service may have answered: check the endpoint and the proxy";

/// Returns a member of an object, or null if there is no such member or no object.
Json* Member(Json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found != object->end() ? &*found : nullptr;
}

/// Returns the text of a non-empty string, or null.
std::string* Text(Json* value) {
  auto* const text = value != nullptr ? value->get_ptr<std::string*>() : nullptr;
  return text != nullptr && !text->empty() ? text : nullptr;
}

std::string Account(Json* session) {
  for (const std::string* text : {Text(Member(Member(session, "assumedRoleUser"), "arn")),
                                  Text(Member(session, "roleArn"))}) {
    if (text == nullptr) continue;
    const Result<Arn> arn = ParseArn(*text);
    if (arn && !arn->account.empty()) return arn->account;
  }
  return {};
}

}  // namespace

Result<Credentials> ParseSessionResponse(const Secret& body, TimePoint now, TimePoint latest) {
  const auto refuse = [](std::string message) {
    return Fail(ErrorCode::kServiceAnswer, std::move(message), kHint);
  };
  // The parser's own copies cannot be wiped. Those in the document are moved out below.
  Json answer = Json::parse(body.Reveal(), nullptr, false);
  if (answer.is_discarded()) return refuse("the answer is not JSON");
  Json* const set = Member(&answer, "credentialSet");
  if (set == nullptr || !set->is_array() || set->empty()) {
    return refuse("the answer holds no credentials");
  }
  Json* const found = Member(&set->front(), "credentials");
  for (const char* name : {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}) {
    if (Text(Member(found, name)) == nullptr) {
      return refuse(fmt::format("the answer has no {}", name));
    }
  }
  const auto text = [found](const char* name) -> std::string& {
    return *Text(Member(found, name));
  };

  Result<TimePoint> expiration = ParseTimestamp(text("expiration"));
  if (!expiration) return refuse("the answer's expiration is not a timestamp");
  if (*expiration <= now) {
    return Fail(ErrorCode::kServiceAnswer,
                fmt::format("the credentials expired at {}, and it is {}",
                            FormatTimestamp(*expiration), FormatTimestamp(now)),
                "check this machine's clock");
  }
  if (*expiration > latest) {
    return refuse(fmt::format("the credentials expire at {}, but the service grants none beyond {}",
                              FormatTimestamp(*expiration), FormatTimestamp(latest)));
  }

  return Credentials{text("accessKeyId"), Secret::Take(text("secretAccessKey")),
                     Secret::Take(text("sessionToken")), *expiration, Account(&set->front())};
}

}  // namespace credmint
