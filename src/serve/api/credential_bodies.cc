// SPDX-License-Identifier: Apache-2.0
#include "serve/api/credential_bodies.h"

namespace credmint::serve {

SharedSecret CredentialBodies::For(const std::string& role, const Credentials& credentials) {
  const auto all = last_.Lock();
  Body& last = (*all)[role];
  if (last.access_key_id != credentials.access_key_id ||
      last.expiration != credentials.expiration) {
    last = {credentials.access_key_id, credentials.expiration,
            std::make_shared<const Secret>(format_(credentials))};
  }
  return last.json;
}

}  // namespace credmint::serve
