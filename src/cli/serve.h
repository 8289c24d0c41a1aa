#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "cli/end_signals.h"
#include "cli/key_options.h"
#include "cli/service_options.h"

namespace credmint::cli {

/// `credmint serve`: gives credentials out by HTTP, as EC2's metadata service and as the agent of a
/// container (serve/routes.h), and keeps them fresh until SIGTERM or SIGINT, which it ends by with
/// success; a second one ends it at once. SIGHUP has credentials minted anew, and the secrets of
/// --passin and its like read again.
///
/// Listens on the socket of a service manager if there is one, else where --listen and --port say.
/// Prints the variables by which SDKs find it once it listens. Nothing is asked for; what fails
/// later is written to stderr and tried again.
class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run(const EndSignals& end_signals) const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  ServiceOptions service_;
  std::string listen_ = "127.0.0.1";
  std::uint16_t port_ = 9911;
  int hop_limit_ = 64;
  std::string token_file_;
};

}  // namespace credmint::cli
