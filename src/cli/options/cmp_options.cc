// SPDX-License-Identifier: Apache-2.0
#include "cli/options/cmp_options.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <vector>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "cli/options/duration_option.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "ossl/certificate_file.h"
#include "ossl/encoding.h"

namespace credmint::cli {
namespace {

Result<std::vector<Certificate>> ReadCas(const LibraryContext& context, const std::string& path) {
  const auto contents = ReadFile(path, kMaxFileSize, FileAccess::kNotWrittenByAll);
  if (!contents) return Fail(contents);
  auto certificates = ReadCertificateFile(context, *contents);
  if (!certificates || !certificates->empty()) return certificates;
  auto one = Certificate::FromDer(context, AsBytes(contents->Reveal()));
  if (one) return std::vector{*std::move(one)};
  return Fail(ErrorCode::kCertificate, fmt::format("{} holds no certificate", ShownPath(path)));
}

}  // namespace

CLI::Option* AddCmpFlags(CLI::App& command, CmpOptions& options) {
  CLI::Option* const url =
      AddText(command, "--cmp", options.url, "CMP server of the CA: http://… or https://…")
          ->option_text("URL")
          ->group(kServiceGroup);
  AddPlace(command, "--cmp-ca", options.ca,
           "File of CAs that may sign the server's answers (default: the present certificate's "
           "issuers, if they are known)",
           Place::kPath)
      ->needs(url)
      ->group(kServiceGroup);
  AddText(command, "--cmp-recipient", options.recipient,
          "Name of the server, as it signs its answers: /CN=CA (default: the present "
          "certificate's issuer)")
      ->option_text("NAME")
      ->needs(url)
      ->group(kServiceGroup);
  AddPlace(command, "--ca-bundle", options.ca_bundle,
           "PEM file of CAs to trust for https (default: the system's)", Place::kPath)
      ->needs(url)
      ->group(kServiceGroup);
  command.add_flag("--no-proxy", options.no_proxy, "Ignore proxies from the environment")
      ->needs(url)
      ->group(kServiceGroup);
  AddDuration(command, "--timeout", options.timeout_seconds, 0.1, 86400,
              "Time limit for the CA's answer, with waiting for its decision, 0.1 to 86400 seconds")
      ->needs(url)
      ->group(kServiceGroup);
  return url;
}

Result<CmpServer> ReadCmpServer(const LibraryContext& context, const CmpOptions& options) {
  auto url = ParseCmpUrl(options.url);
  if (!url) return Fail(std::move(url), "--cmp");
  CmpServer server{
      .url = *std::move(url),
      .transport = {.ca_bundle = options.ca_bundle, .use_proxy = !options.no_proxy},
      .limit = std::chrono::milliseconds(static_cast<long long>(options.timeout_seconds * 1000))};
  if (!options.recipient.empty()) {
    auto name = ParseSubject(options.recipient);
    if (!name) return Fail(std::move(name), "--cmp-recipient");
    server.recipient = *std::move(name);
  }
  if (!options.ca.empty()) {
    auto trusted = ReadCas(context, options.ca);
    if (!trusted) return Fail(std::move(trusted), "--cmp-ca");
    server.trusted = *std::move(trusted);
  }
  return server;
}

}  // namespace credmint::cli
