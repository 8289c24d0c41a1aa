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
  /// `listen_address` is numeric, without brackets. An interface that is switched off answers 403.
  /// The metadata service is off beyond loopback, too, where any client could fetch a token.
  /// `roles` must outlive this object.
  Routes(ServedRoles& roles, Secret container_token, std::string listen_address,
         bool serves_imds = true, bool serves_container = true);

  [[nodiscard]] Response Answer(const Request& request);

  /// The number of metadata tokens issued; 0 without a metadata service.
  [[nodiscard]] std::uint64_t tokens() const { return imds_ ? imds_->tokens() : 0; }

 private:
  const std::string listen_address_;
  std::optional<Imds> imds_;
  std::optional<ContainerCredentials> container_;
};

}  // namespace credmint::serve
