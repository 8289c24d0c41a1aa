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

/// All that is served: which interface a request is for, and that strangers get nothing.
///
/// Safe to call from any thread.
class Routes {
 public:
  /// `listen_address` is numeric, without brackets. Where it is not the loopback interface's, there
  /// is no metadata service, whose tokens anybody may fetch: it answers 403, as one that is
  /// switched off. The roles must outlive this.
  Routes(ServedRoles& roles, Secret container_token, std::string listen_address);

  [[nodiscard]] Response Answer(const Request& request);

  /// How many the metadata service has given out; 0 where there is none.
  [[nodiscard]] std::uint64_t tokens() const { return imds_ ? imds_->tokens() : 0; }

 private:
  const std::string listen_address_;
  std::optional<Imds> imds_;
  ContainerCredentials container_;
};

}  // namespace credmint::serve
