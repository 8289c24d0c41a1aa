// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/version.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "credmint_version.h"
#include "http/curl_version.h"

namespace credmint::cli {

VersionCommand::VersionCommand(CLI::App& app)
    : app_(app.add_subcommand("version", "Print the version")) {
  app_->add_flag("--verbose", verbose_, "Also print the versions of OpenSSL and libcurl in use");
  SetHelp(*app_, {.example = "credmint version"});
}

Result<void> VersionCommand::Run() const {
  if (!verbose_) return WriteResult(CREDMINT_VERSION "\n");
  const auto curl = DescribeCurl();
  if (!curl) return Fail(curl);
  return WriteResult(fmt::format("{} {}\n{}\n{}\n", "credmint", CREDMINT_VERSION,
                                 OpenSSL_version(OPENSSL_VERSION), *curl));
}

}  // namespace credmint::cli
