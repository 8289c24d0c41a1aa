// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.h"
#include "serve/api/credential_bodies.h"
#include "serve/api/served_roles.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// The credentials of the roles as the agent of a container gives them (CONTRACT section 7): GET
/// /role/NAME, with the token that the caller was given as the whole value of Authorization.
/// Without credentials the answer is a 5xx with the reason.
///
/// Safe to call from any thread if the roles' sources are.
class ContainerCredentials {
 public:
  /// The roles must outlive this.
  ContainerCredentials(ServedRoles& roles, Secret token);

  [[nodiscard]] Response Answer(const Request& request);

 private:
  /// Of the token.
  Response AnswerHolder(const Request& request);
  Response CredentialsOf(const ServedRole& role);

  ServedRoles& roles_;
  const Secret token_;
  CredentialBodies bodies_;
};

}  // namespace credmint::serve
