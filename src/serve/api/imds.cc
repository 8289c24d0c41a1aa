// SPDX-License-Identifier: Apache-2.0
#include "serve/api/imds.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json_object.h"
#include "base/timestamp.h"

namespace credmint::serve {
namespace {

constexpr std::string_view kTokenPath = "/latest/api/token";
constexpr std::string_view kCredentialsPath = "/latest/meta-data/iam/security-credentials";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view kTtlHeader = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr std::string_view kTokenHeader = "X-aws-ec2-metadata-token";

/// Shaped like an instance's ID. SDKs show it but never look it up.
constexpr std::string_view kInstanceId = "i-00000000000000000";

/// Merges repeated slashes and removes a final one.
std::string WithoutSpareSlashes(const std::string& path) {
  if (path.find("//") == std::string::npos && !path.ends_with('/')) return path;
  std::string clean;
  for (const char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  }
  if (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

/// Without the header returns the maximum, like aws_signing_helper.
std::optional<std::chrono::seconds> TtlOf(const Request& request) {
  if (!HasHeader(request, kTtlHeader)) return Imds::kMaxTtl;
  const auto text = FindHeader(request, kTtlHeader);
  if (!text) return std::nullopt;
  int seconds = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (failure != std::errc() || end != text->data() + text->size()) return std::nullopt;
  if (seconds < 1 || seconds > Imds::kMaxTtl.count()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

Secret FormatCredentials(const Credentials& credentials, TimePoint now) {
  const std::string updated = FormatTimestamp(now);
  const std::string expiration = FormatTimestamp(credentials.expiration);
  const std::array<JsonMember, 7> members = {{
      {"Code", "Success"},
      {"LastUpdated", updated},
      {"Type", "AWS-HMAC"},
      {"AccessKeyId", credentials.access_key_id},
      {"SecretAccessKey", credentials.secret_access_key.Reveal()},
      {"Token", credentials.session_token.Reveal()},
      {"Expiration", expiration},
  }};
  return FormatJsonObject(members);
}

Response NotFound() { return ErrorResponse(404, "NotFound", "there is nothing at this path"); }

}  // namespace

Imds::Imds(ServedRoles& roles, Clock clock, Stopwatch stopwatch)
    : roles_(roles),
      clock_(std::move(clock)),
      started_(clock_()),
      tokens_(std::move(stopwatch)),
      bodies_([this](const Credentials& credentials) {
        return FormatCredentials(credentials, clock_());
      }) {}

Response Imds::Answer(const Request& request) {
  const std::string path = WithoutSpareSlashes(request.path);
  if (path == kTokenPath) {
    return request.method == "PUT" ? PutToken(request) : WrongMethod("PUT");
  }
  if (request.method != "GET") return WrongMethod("GET");
  const auto token = FindHeader(request, kTokenHeader);
  if (!token || !tokens_.IsValid(*token, request.client.user)) {
    return ErrorResponse(401, "Unauthorized",
                         fmt::format("a token from {} is required", kTokenPath));
  }
  return Proven(Metadata(path, request.client), Proof::kMetadataToken);
}

Response Imds::PutToken(const Request& request) {
  if (!roles_.First(request.client)) return UserRefused(400);
  const auto ttl = TtlOf(request);
  if (!ttl) {
    return ErrorResponse(
        400, "BadRequest",
        fmt::format("{} must be one number of seconds from 1 to {}", kTtlHeader, kMaxTtl.count()));
  }
  const auto token = tokens_.Issue(*ttl, request.client.user);
  if (!token) return ErrorResponse(500, "InternalError", token.error().message);
  Response response = TextResponse(200, token->Reveal());
  response.headers.emplace_back(kTtlHeader, std::to_string(ttl->count()));
  return response;
}

Response Imds::Metadata(const std::string& path, const Client& client) {
  if (path.starts_with(kRolePath)) {
    const auto role = roles_.Find(path.substr(kRolePath.size()), client);
    return role ? SecurityCredentials(*role) : NotFound();
  }
  const auto first = roles_.First(client);
  if (!first) return NotFound();  // SIGHUP has changed who may have it
  if (path == kCredentialsPath) return TextResponse(200, first->name);
  if (path == "/latest/meta-data/iam/info") return Info(*first);
  if (path == "/latest/meta-data/placement/region") return TextResponse(200, first->region);
  if (path == "/latest/meta-data/placement/availability-zone") {
    return TextResponse(200, first->region + "a");
  }
  if (path == "/latest/dynamic/instance-identity/document") return IdentityDocument(*first);
  return NotFound();
}

Response Imds::SecurityCredentials(const ServedRole& role) {
  const auto credentials = role.source->TryGet();
  if (!credentials) return NotYet();
  if (!*credentials) return SourceFailed(credentials->error());
  return CredentialsResponse(role.name, bodies_.For(role.name, ***credentials));
}

Response Imds::Info(const ServedRole& role) const {
  const std::string updated = FormatTimestamp(started_);
  const std::string arn =
      fmt::format("arn:{}:iam::{}:instance-profile/{}", role.partition, role.account, role.name);
  const std::array<JsonMember, 4> members = {{
      {"Code", "Success"},
      {"LastUpdated", updated},
      {"InstanceProfileArn", arn},
      {"InstanceProfileId", "AIPA00000000000000000"},
  }};
  return JsonResponse(200, FormatJsonObject(members));
}

Response Imds::IdentityDocument(const ServedRole& role) const {
  const std::string zone = role.region + "a";
  const std::string started = FormatTimestamp(started_);
  const std::array<JsonMember, 6> members = {{
      {"version", "2017-09-30"},
      {"accountId", role.account},
      {"region", role.region},
      {"availabilityZone", zone},
      {"instanceId", kInstanceId},
      {"pendingTime", started},
  }};
  return JsonResponse(200, FormatJsonObject(members));
}

bool IsImdsPath(const std::string& path) {
  const std::string clean = WithoutSpareSlashes(path);
  return clean == "/latest" || clean.starts_with("/latest/");
}

}  // namespace credmint::serve
