// SPDX-License-Identifier: Apache-2.0
#include "serve/api/container_credentials.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/constant_time.h"
#include "base/json_object.h"
#include "base/timestamp.h"

namespace credmint::serve {

namespace {

constexpr std::string_view kPath = "/role/";

Secret FormatCredentials(const Credentials& credentials) {
  const std::string expiration = FormatTimestamp(credentials.expiration);
  std::vector<JsonMember> members = {
      {"AccessKeyId", credentials.access_key_id},
      {"SecretAccessKey", credentials.secret_access_key.Reveal()},
      {"Token", credentials.session_token.Reveal()},
      {"Expiration", expiration},
  };
  if (!credentials.account_id.empty()) members.push_back({"AccountId", credentials.account_id});
  return FormatJsonObject(members);
}

/// Every client could guess an empty token.
bool HasToken(const Request& request, const Secret& wanted) {
  const auto token = FindHeader(request, "Authorization");
  return token && !wanted.empty() && EqualInConstantTime(*token, wanted.Reveal());
}

}  // namespace

ContainerCredentials::ContainerCredentials(ServedRoles& roles, Secret token)
    : roles_(roles), token_(std::move(token)), bodies_(FormatCredentials) {}

Response ContainerCredentials::Answer(const Request& request) {
  const std::string_view path = request.path;
  const auto role =
      path.starts_with(kPath) ? roles_.Find(path.substr(kPath.size()), request.client) : nullptr;
  const bool has_token = HasToken(request, role && role->token ? *role->token : token_);
  if (!role && !roles_.First(request.client)) {
    Response refusal = UserRefused(403);
    refusal.has_token = has_token;
    return refusal;
  }
  if (!has_token) {
    return ErrorResponse(401, "Unauthorized", "a valid Authorization header is required");
  }
  return Proven(AnswerHolder(request, role.get()), Proof::kContainerToken);
}

Response ContainerCredentials::AnswerHolder(const Request& request, const ServedRole* role) {
  if (role == nullptr) return ErrorResponse(404, "NotFound", "no role is served at this path");
  return request.method == "GET" ? CredentialsOf(*role) : WrongMethod("GET");
}

Response ContainerCredentials::CredentialsOf(const ServedRole& role) {
  const auto credentials = role.source->TryGet();
  if (!credentials) return NotYet();
  if (!*credentials) return SourceFailed(credentials->error());
  return CredentialsResponse(role.name, bodies_.For(role.name, ***credentials));
}

}  // namespace credmint::serve
