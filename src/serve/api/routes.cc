// SPDX-License-Identifier: Apache-2.0
#include "serve/api/routes.h"

#include <utility>

#include "serve/api/host_check.h"

namespace credmint::serve {

Routes::Routes(ServedRoles& roles, Secret container_token, std::string listen_address,
               bool serves_imds, bool serves_container)
    : listen_address_(std::move(listen_address)) {
  if (serves_container) container_.emplace(roles, std::move(container_token));
  if (serves_imds && IsLoopback(listen_address_)) imds_.emplace(roles);
}

Response Routes::Answer(const Request& request) {
  if (!IsLocalRequest(request, listen_address_)) {
    return ErrorResponse(
        400, "BadRequest",
        "Host is not this server's, or there is an Origin or X-Forwarded-For header");
  }
  const bool is_imds = IsImdsPath(request.path);
  if (is_imds && imds_ && request.client.is_local) return imds_->Answer(request);
  if (!is_imds && container_) return container_->Answer(request);
  return ErrorResponse(403, "Forbidden", "this interface is switched off here");
}

}  // namespace credmint::serve
