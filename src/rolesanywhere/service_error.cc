// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/service_error.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/printable.h"
#include "http/retry_policy.h"

namespace credmint {
namespace {

constexpr std::size_t kMaxCodeSize = 80;
constexpr std::size_t kMaxMessageSize = 500;
constexpr std::size_t kMaxSnippetSize = 120;

struct Hint {
  std::string_view part_of_message;
  const char* text;
  Remedy remedy = Remedy::kNone;
};

// Messages that users have reported (CONTRACT section 1.3), with the cause that was found.
constexpr std::array kHints = {
    Hint{"Untrusted signing certificate", "", Remedy::kCompleteChain},
    Hint{"Insufficient certificate",
         "the certificate lacks something that the service requires: X.509 v3, keyUsage "
         "digitalSignature, CA:FALSE"},
    Hint{"Invalid signature",
         "check that the key belongs to the certificate and that nothing on the way changes the "
         "request"},
    Hint{"Not authorized to set roleSessionName", "", Remedy::kLeaveOutSessionName},
    Hint{"Unable to assume role",
         "check the role's trust policy, that the profile lists the role, and that the session is "
         "not longer than the role allows"},
};

constexpr const char* kNotFoundHint =
    "check the region and the ARNs of trust anchor and profile; both must be enabled";
constexpr const char* kRedirectHint = "check the endpoint: no redirect is followed";
constexpr const char* kBusyHint = "the service is throttling or has a fault: try again later";

std::string StringMember(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Reduces "com.amazonaws#Code:http://..." to "Code".
std::string CleanCode(std::string_view code) {
  code = code.substr(0, code.find(':'));
  if (const std::size_t hash = code.find('#'); hash != std::string_view::npos) {
    code.remove_prefix(hash + 1);
  }
  return Printable(code, kMaxCodeSize);
}

Hint FindHint(const ServiceError& error) {
  for (const Hint& hint : kHints) {
    if (error.message.find(hint.part_of_message) != std::string::npos) return hint;
  }
  return {"", error.status == 404 ? kNotFoundHint : ""};
}

}  // namespace

ServiceError ParseServiceError(const HttpResponse& response) {
  const std::string_view text = response.body.Reveal();
  const auto body = nlohmann::json::parse(text, nullptr, false);
  ServiceError error;
  error.status = response.status;
  for (const std::string& code :
       {std::string(FindHeader(response.headers, "X-Amzn-ErrorType").value_or("")),
        StringMember(body, "code"), StringMember(body, "__type")}) {
    if (error.code.empty()) error.code = CleanCode(code);
  }
  if (error.code.empty()) error.code = "UnknownError";
  error.message = Printable(StringMember(body, "message"), kMaxMessageSize);
  if (error.message.empty()) {
    error.message = Printable(StringMember(body, "Message"), kMaxMessageSize);
  }
  if (!body.is_object()) error.message = Printable(text, kMaxSnippetSize);
  return error;
}

Error DescribeServiceError(const ServiceError& error) {
  const bool is_unknown = error.code == "UnknownError";
  const std::string message = fmt::format(
      "the service answered with status {}{}{}{}{}", error.status, is_unknown ? "" : ", ",
      is_unknown ? "" : error.code, error.message.empty() ? "" : ": ", error.message);
  if (error.status < 400) return {ErrorCode::kServiceAnswer, message, kRedirectHint};
  if (IsRetryable(error.status, error.code)) return {ErrorCode::kServiceBusy, message, kBusyHint};
  const Hint hint = FindHint(error);
  return {ErrorCode::kServiceRefused, message, hint.text, {}, hint.remedy};
}

}  // namespace credmint
