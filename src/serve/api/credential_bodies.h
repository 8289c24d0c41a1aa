// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint::serve {

/// The body of the answer with each role's credentials, which are many answers' until the next
/// mint: to format it is the dearest part of one. Any thread may call.
class CredentialBodies {
 public:
  using Format = std::function<Secret(const Credentials&)>;

  explicit CredentialBodies(Format format) : format_(std::move(format)) {}

  /// The role's last one, if it is of these credentials, by their key and expiration; else a new
  /// one.
  [[nodiscard]] Secret For(const std::string& role, const Credentials& credentials);

 private:
  struct Body {
    std::string access_key_id;
    TimePoint expiration;
    Secret json;
  };

  const Format format_;
  Guarded<std::map<std::string, Body>> last_;
};

}  // namespace credmint::serve
