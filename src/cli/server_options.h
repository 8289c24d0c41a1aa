// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace credmint::cli {

/// The flags that say where `serve` listens and whom it answers.
struct ServerOptions {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 9911;
  int hop_limit = 64;
  std::string token_file;
  std::optional<std::uint16_t> status_port;
};

void AddServerFlags(CLI::App& command, ServerOptions& options);

}  // namespace credmint::cli
