// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/secret.h"

namespace credmint::serve {

/// The token that a request has shown, in increasing order of proof. Any program on the machine can
/// get a metadata token.
enum class Proof { kNone, kMetadataToken, kContainerToken };

/// A response as a value. The body is a secret because that of a success may hold credentials. It
/// is null in NotYet() only.
struct Response {
  int status = 0;  ///< HTTP status; 0: NotYet()
  std::vector<std::pair<std::string, std::string>> headers;
  SharedSecret body;
  Proof proof = Proof::kNone;  ///< that the request has shown; decides which connections are kept
  std::string role = {};       ///< whose credentials are in the body; empty: none
  bool refuses_user = false;   ///< because the client's user may have no role
  bool has_token = false;      ///< the refused request: it has shown the right container token
};

/// Means that there is no answer yet (http_server.h).
inline Response NotYet() { return {}; }
inline bool IsNotYet(const Response& response) { return response.status == 0; }

/// Marks the response to a request that has shown a token.
inline Response Proven(Response response, Proof proof) {
  response.proof = proof;
  return response;
}

Response TextResponse(int status, std::string_view text);
Response JsonResponse(int status, Secret json);
Response CredentialsResponse(const std::string& role, SharedSecret json);

/// {"Code":...,"Message":...}, the format in which SDKs read a container agent's answers (CONTRACT
/// section 7).
Response ErrorResponse(int status, std::string_view code, std::string_view message);

/// Returns the answer to a client whose user may have no role. The metadata service must not use
/// 403, 404 or 405 for it, since clients then fall back to version 1.
Response UserRefused(int status);

/// Returns the kind of a failure in one word: "ServiceBusy".
std::string_view ReasonOf(ErrorCode code);

/// Returns the reason why there are no credentials. The status is 502 if the service refused or its
/// answer cannot be understood, and 503 for failures that time or a person can fix.
Response SourceFailed(const Error& error);

/// Returns 405. `method` is the only one allowed.
Response WrongMethod(std::string_view method);

}  // namespace credmint::serve
