// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace credmint::daemon {

/// Where a server listens and whom it answers.
struct ServerOptions {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 9911;
  int hop_limit = 64;                        ///< of answers with a metadata token
  std::string token_file;                    ///< empty: one where such files are, if there is one
  std::optional<std::uint16_t> status_port;  ///< nothing: no status
};

}  // namespace credmint::daemon
