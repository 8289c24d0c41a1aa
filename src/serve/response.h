// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/secret.h"

namespace credmint::serve {

/// What a request has shown of who sends it, least first. Whoever is on the machine can have a
/// metadata token.
enum class Proof { kNone, kMetadataToken, kContainerToken };

/// A response as a value. The body is a Secret because that of a success may hold credentials.
struct Response {
  int status = 0;  ///< of HTTP; 0: NotYet()
  std::vector<std::pair<std::string, std::string>> headers;
  Secret body;
  Proof proof = Proof::kNone;  ///< of the request; it says whose connection is kept
};

/// There is no answer yet (http_server.h).
inline Response NotYet() { return {}; }
inline bool IsNotYet(const Response& response) { return response.status == 0; }

/// The same, for a request that has shown a token.
inline Response Proven(Response response, Proof proof) {
  response.proof = proof;
  return response;
}

Response TextResponse(int status, std::string_view text);
Response JsonResponse(int status, Secret json);

/// {"Code":...,"Message":...}, as the SDKs read the answers of a container's agent (CONTRACT
/// section 7).
Response ErrorResponse(int status, std::string_view code, std::string_view message);

/// The kind of a failure, in one word: "ServiceBusy".
std::string_view ReasonOf(ErrorCode code);

/// Says why there are no credentials: 503, for all that time or a person can mend; 502 where the
/// service refused or answered what makes no sense.
Response SourceFailed(const Error& error);

/// 405; `method` is the only one that is right here.
Response WrongMethod(std::string_view method);

}  // namespace credmint::serve
