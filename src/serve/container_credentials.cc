#include "serve/container_credentials.h"

#include <string>
#include <utility>
#include <vector>

#include "base/constant_time.h"
#include "base/json_object.h"
#include "base/timestamp.h"

namespace credmint::serve {

ContainerCredentials::ContainerCredentials(Role role, Secret token)
    : role_(std::move(role)), token_(std::move(token)) {}

Response ContainerCredentials::Answer(const Request& request) const {
  const auto token = FindHeader(request, "Authorization");
  // An empty secret would be one that everybody knows.
  if (!token || token_.empty() || !EqualInConstantTime(*token, token_.Reveal())) {
    return ErrorResponse(401, "Unauthorized", "the right Authorization is needed");
  }
  if (request.path != "/role/" + role_.name) {
    return ErrorResponse(404, "NotFound", "there is nothing at this path");
  }
  return request.method == "GET" ? Credentials() : WrongMethod("GET");
}

Response ContainerCredentials::Credentials() const {
  const auto credentials = role_.source->Get();
  if (!credentials) return SourceFailed(credentials.error());
  const std::string expiration = FormatTimestamp(credentials->expiration);
  std::vector<JsonMember> members = {
      {"AccessKeyId", credentials->access_key_id},
      {"SecretAccessKey", credentials->secret_access_key.Reveal()},
      {"Token", credentials->session_token.Reveal()},
      {"Expiration", expiration},
  };
  if (!credentials->account_id.empty()) members.push_back({"AccountId", credentials->account_id});
  return JsonResponse(200, FormatJsonObject(members));
}

}  // namespace credmint::serve
