// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/service_error.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/printable.h"
#include "http/environment_proxy.h"
#include "http/retry_policy.h"

namespace credmint {
namespace {

constexpr const char* kNoCode = "UnknownError";
constexpr std::size_t kMaxCodeSize = 80;
constexpr std::size_t kMaxMessageSize = 500;
constexpr std::size_t kMaxSnippetSize = 120;

constexpr std::size_t kMaxRequestIdSize = 64;

constexpr const char* kRedirectHint =
    "check the endpoint: no redirect is followed; a captive portal redirects, too";
constexpr const char* kWebPageHint =
    "a proxy, a captive portal or a wrong endpoint answers in the service's place";
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

/// The title of an HTML page, or the start of its text.
std::string TitleOf(std::string_view page) {
  constexpr std::string_view kBegin = "<title>";
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find("</title>", begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return Printable(page, kMaxSnippetSize);
  }
  const std::size_t first = begin + kBegin.size();
  return Printable(page.substr(first, end - first), kMaxSnippetSize);
}

std::string Message(const ServiceError& error) {
  if (error.is_web_page) {
    return fmt::format("a web page came instead of the service's answer, with status {}: {}",
                       error.status, error.message);
  }
  std::string message = fmt::format("the service answered with status {}", error.status);
  if (error.code != kNoCode) message += ", " + error.code;
  if (!error.message.empty()) message += ": " + error.message;
  if (!error.request_id.empty()) message += fmt::format(" (request {})", error.request_id);
  return message;
}

}  // namespace

bool IsWebPage(const HttpResponse& response) {
  if (FindHeader(response.headers, "X-Amzn-RequestId"))
    return false;  // the service writes XML, too
  const auto type = FindHeader(response.headers, "Content-Type");
  const std::string_view body = response.body.Reveal();
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  const bool has_tag = begin != std::string_view::npos && body[begin] == '<';
  return has_tag || (type && type->starts_with("text/html"));
}

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
  if (error.code.empty()) error.code = kNoCode;
  error.request_id =
      Printable(FindHeader(response.headers, "X-Amzn-RequestId").value_or(""), kMaxRequestIdSize);
  error.message = Printable(StringMember(body, "message"), kMaxMessageSize);
  if (error.message.empty()) {
    error.message = Printable(StringMember(body, "Message"), kMaxMessageSize);
  }
  if (!body.is_object()) error.message = Printable(text, kMaxSnippetSize);
  error.is_web_page = !body.is_object() && IsWebPage(response);
  if (error.is_web_page) error.message = TitleOf(text);
  return error;
}

Error DescribeServiceError(const ServiceError& error) {
  if (error.status == kProxyWantsUser) {
    return {ErrorCode::kNetwork, "the proxy wants a user and a password (status 407)",
            kHowToNameUser};
  }
  const std::string message = Message(error);
  const bool is_busy = error.status >= 400 && IsRetryable(error.status, error.code);
  if (error.is_web_page) {
    return {is_busy ? ErrorCode::kServiceBusy : ErrorCode::kServiceAnswer, message, kWebPageHint};
  }
  if (error.status < 400) return {ErrorCode::kServiceAnswer, message, kRedirectHint};
  if (is_busy) return {ErrorCode::kServiceBusy, message, kBusyHint};
  return {ErrorCode::kServiceRefused, message, {}};
}

}  // namespace credmint
