#pragma once

#include "base/secret.h"
#include "serve/request.h"
#include "serve/response.h"
#include "serve/role.h"

namespace credmint::serve {

/// The credentials of one role as the agent of a container gives them (CONTRACT section 7): GET
/// /role/NAME, with the token that the caller was given as the whole value of Authorization.
/// Without credentials the answer is a 5xx with the reason.
///
/// Safe to call from any thread if the role's source is.
class ContainerCredentials {
 public:
  ContainerCredentials(Role role, Secret token);

  [[nodiscard]] Response Answer(const Request& request) const;

 private:
  [[nodiscard]] Response Credentials() const;

  const Role role_;
  const Secret token_;
};

}  // namespace credmint::serve
