// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "serve/api/container_credentials.h"
#include "serve/api/imds.h"
#include "serve/api/served_roles.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// Chooses the interface for each request and rejects requests that are not local.
///
/// Safe to call from any thread.
class Routes {
 public:
  /// `listen_address` is numeric, without brackets. If it is not a loopback address, or without
  /// `serves_imds`, the metadata service answers 403, as if switched off: beyond loopback any client
  /// could fetch a token. Without `container_token` there are no container credentials, except for
  /// roles with a token of their own. `roles` must outlive this object.
  Routes(ServedRoles& roles, Secret container_token, std::string listen_address,
         bool serves_imds = true);

  [[nodiscard]] Response Answer(const Request& request);

  /// The number of metadata tokens issued; 0 without a metadata service.
  [[nodiscard]] std::uint64_t tokens() const { return imds_ ? imds_->tokens() : 0; }

 private:
  const std::string listen_address_;
  std::optional<Imds> imds_;
  ContainerCredentials container_;
};

}  // namespace credmint::serve
