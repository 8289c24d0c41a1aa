// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.h"
#include "serve/api/credential_bodies.h"
#include "serve/api/served_roles.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// Serves the roles' credentials like a container's credentials agent (CONTRACT section 7): GET
/// /role/NAME, with the client's token as the whole value of Authorization. A role may have a token
/// of its own, which no other role accepts. If there are no credentials, the answer is a 5xx with
/// the reason.
///
/// Safe to call from any thread if the roles' sources are.
class ContainerCredentials {
 public:
  /// `roles` must outlive this object.
  ContainerCredentials(ServedRoles& roles, Secret token);

  [[nodiscard]] Response Answer(const Request& request);

 private:
  /// Answers a client that has the token. Null: no role is served at the path.
  Response AnswerHolder(const Request& request, const ServedRole* role);
  Response CredentialsOf(const ServedRole& role);

  ServedRoles& roles_;
  const Secret token_;
  CredentialBodies bodies_;
};

}  // namespace credmint::serve
