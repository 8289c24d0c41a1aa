// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/read_certificate_data.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"
#include "cli/output/certificate_text.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "identity/identity_opener.h"
#include "identity/inventory.h"
#include "identity/refusals.h"

namespace credmint::cli {
namespace {

/// The URI of a certificate; empty if it is not in the inventory.
std::string UriOf(const Certificate& certificate, const Inventory& inventory) {
  for (const InventoryEntry& entry : inventory) {
    if (entry.certificate && *entry.certificate == certificate) return entry.uri;
  }
  return {};
}

/// The list of matches, in the form of aws_signing_helper.
std::string FormatMatches(const LibraryContext& context,
                          const std::vector<Certificate>& certificates,
                          const Inventory& inventory) {
  std::string text = "Matching identities\n";
  int number = 0;
  for (const Certificate& certificate : certificates) {
    text += FormatCertificateMatch(context, ++number, certificate, UriOf(certificate, inventory));
  }
  return text;
}

std::string FormatText(const std::vector<Certificate>& certificates, const Inventory& inventory) {
  const auto now = std::chrono::system_clock::now();
  std::string text;
  for (const Certificate& certificate : certificates) {
    if (!text.empty()) text += '\n';
    text += FormatCertificateText(certificate, UriOf(certificate, inventory), now);
  }
  return text;
}

std::string FormatJson(const std::vector<Certificate>& certificates) {
  std::string lines;
  for (const Certificate& certificate : certificates) lines += FormatCertificateJson(certificate);
  return lines;
}

}  // namespace

ReadCertificateDataCommand::ReadCertificateDataCommand(CLI::App& app)
    : app_(app.add_subcommand("read-certificate-data", "Show a certificate")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_,
            {.needs = "--certificate",
             .example = "credmint read-certificate-data --certificate web.pem --format text"});
    app_->add_option(
            "--format", format_,
            "text (for people) or json, one object a line (default: json for a file, else a "
            "numbered list)")
        ->check(OneOf({"text", "json"}));
    AddCertificateFlags(*app_, key_);
    AddProcessFlags(*app_, process_);
  });
}

Result<void> ReadCertificateDataCommand::Run() const {
  StartLog(process_);
  auto identity = WithoutPlace(ParseIdentity(key_));
  if (!identity) return Fail(std::move(identity));
  if (auto given = CheckCertificateIsGiven(**identity); !given) return given;
  auto started = StartOpener(*std::move(identity), process_);
  if (!started) return Fail(std::move(started));
  const auto found = started->opener.certificates().Find();
  if (!found) return Fail(found);
  const std::vector<Certificate>& certificates = found->certificates;
  if (found->place.is_file()) {
    if (format_ == "text") return WriteResult(FormatText(certificates, {}));
    const Certificate& first = certificates.front();
    if (auto known = CheckKeyIsKnown(first); !known) {
      return Fail(std::move(known), "certificate " + first.Subject());
    }
    return WriteResult(FormatCertificateJson(first));
  }
  if (format_ == "json") return WriteResult(FormatJson(certificates));
  const auto listed = started->opener.keys().List(found->place.Clone(), false);
  const Inventory inventory = listed ? *listed : Inventory();
  return WriteResult(format_ == "text" ? FormatText(certificates, inventory)
                                       : FormatMatches(*started->library, certificates, inventory));
}

}  // namespace credmint::cli
