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

/// Caches the response body with each role's credentials until the next mint, because formatting it
/// is the most expensive part of an answer. Safe to call from any thread.
class CredentialBodies {
 public:
  using Format = std::function<Secret(const Credentials&)>;

  explicit CredentialBodies(Format format) : format_(std::move(format)) {}

  /// Returns the role's cached body if it holds these credentials, judged by access key ID and
  /// expiration. Otherwise formats a new one.
  [[nodiscard]] SharedSecret For(const std::string& role, const Credentials& credentials);

 private:
  struct Body {
    std::string access_key_id;
    TimePoint expiration;
    SharedSecret json;
  };

  const Format format_;
  Guarded<std::map<std::string, Body>> last_;
};

}  // namespace credmint::serve
