// SPDX-License-Identifier: Apache-2.0
#include "serve/api/routes.h"

#include <utility>

#include "serve/api/host_check.h"

namespace credmint::serve {

Routes::Routes(ServedRoles& roles, Secret container_token, std::string listen_address,
               bool serves_imds)
    : listen_address_(std::move(listen_address)), container_(roles, std::move(container_token)) {
  if (serves_imds && IsLoopback(listen_address_)) imds_.emplace(roles);
}

Response Routes::Answer(const Request& request) {
  if (!IsLocalRequest(request, listen_address_)) {
    return ErrorResponse(
        400, "BadRequest",
        "Host is not this server's, or there is an Origin or X-Forwarded-For header");
  }
  if (!IsImdsPath(request.path)) return container_.Answer(request);
  if (!imds_) return ErrorResponse(403, "Forbidden", "the metadata service is switched off here");
  return imds_->Answer(request);
}

}  // namespace credmint::serve
