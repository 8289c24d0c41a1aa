// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"

namespace credmint::daemon {

/// The addresses of a server, and the limits on its clients.
struct ServerOptions {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 9911;
  int hop_limit = 64;                        ///< of responses that carry a metadata token
  std::string token_file;                    ///< empty: in the runtime directory, if there is one
  std::optional<std::uint16_t> status_port;  ///< nothing: no status listener
  std::string status_listen = "127.0.0.1";
  std::vector<std::string> allow_users;  ///< see AllowedUsers::Resolve()
  /// A longer use of a key within one call of a role is stuck. Includes a touch.
  std::chrono::milliseconds longest_key_use{20000};
  bool serves_imds = true;       ///< the metadata service
  bool serves_container = true;  ///< container credentials
  /// For container credentials, kept in memory only. Such a server is for this process's own use.
  /// It takes no socket from a service manager, and reports no refused users without the token.
  /// Null: the token is in a file.
  std::shared_ptr<const Secret> token;
};

}  // namespace credmint::daemon
