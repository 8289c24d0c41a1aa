// SPDX-License-Identifier: Apache-2.0
#include "serve/response.h"

#include <array>

#include "base/json_object.h"
#include "base/printable.h"

namespace credmint::serve {

Response TextResponse(int status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain"}},
          .body = std::make_shared<const Secret>(text)};
}

Response JsonResponse(int status, Secret json) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = std::make_shared<const Secret>(std::move(json))};
}

Response CredentialsResponse(const std::string& role, SharedSecret json) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(json),
          .role = role};
}

Response ErrorResponse(int status, std::string_view code, std::string_view message) {
  const std::array<JsonMember, 2> members = {{{"Code", code}, {"Message", message}}};
  return JsonResponse(status, FormatJsonObject(members));
}

Response UserRefused(int status) {
  Response response = ErrorResponse(
      status, "UserNotAllowed", "this user may have no role here; the log of credmint says more");
  response.refuses_user = true;
  return response;
}

std::string_view ReasonOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kServiceRefused:
      return "ServiceRefused";
    case ErrorCode::kServiceBusy:
      return "ServiceBusy";
    case ErrorCode::kServiceAnswer:
      return "ServiceAnswer";
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
    case ErrorCode::kTls:
      return "ServiceUnreachable";
    case ErrorCode::kCertificate:
    case ErrorCode::kKeyMismatch:
      return "CertificateUnusable";
    case ErrorCode::kLocalIo:
      return "FileUnusable";
    default:
      return "KeyUnusable";
  }
}

Response SourceFailed(const Error& error) {
  const bool by_service =
      error.code == ErrorCode::kServiceRefused || error.code == ErrorCode::kServiceAnswer;
  return ErrorResponse(by_service ? 502 : 503, ReasonOf(error.code),
                       Printable(error.message, 1000));
}

Response WrongMethod(std::string_view method) {
  Response response = ErrorResponse(405, "MethodNotAllowed", "this method is not allowed here");
  response.headers.emplace_back("Allow", method);
  return response;
}

}  // namespace credmint::serve
