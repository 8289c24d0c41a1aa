// SPDX-License-Identifier: Apache-2.0
#include "cli/read_certificate_data.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "cli/certificate_text.h"
#include "cli/output.h"
#include "cli/text_option.h"
#include "identity/certificate_source.h"
#include "identity/inventory.h"
#include "identity/refusals.h"

namespace credmint::cli {
namespace {

/// The URI that selects a certificate; empty if it is not in the inventory.
std::string UriOf(const Certificate& certificate, const Inventory& inventory) {
  for (const InventoryEntry& entry : inventory) {
    if (entry.certificate && *entry.certificate == certificate) return entry.uri;
  }
  return {};
}

/// As aws_signing_helper lists them.
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
    : app_(app.add_subcommand("read-certificate-data", "Show what a certificate is")) {
  app_->preparse_callback([this](std::size_t) {
    app_->add_option("--format", format_,
                     "text: for people; json: one object a line (default: json for a file, a list "
                     "for others)")
        ->check(OneOf({"text", "json"}));
    AddCertificateFlags(*app_, key_);
  });
}

Result<void> ReadCertificateDataCommand::Run() const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto options = MakeCertificateOptions(key_);
  if (!options) return Fail(std::move(options));
  auto opener = MakeKeyOpener(*library, key_, Prompting::kAtTerminal);
  if (!opener) return Fail(std::move(opener));
  const auto found = CertificateSource(*opener, *std::move(options)).Find();
  if (!found) return tl::unexpected(found.error());
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
  const auto listed = opener->List(found->place.Clone(), false);
  const Inventory inventory = listed ? *listed : Inventory();
  return WriteResult(format_ == "text" ? FormatText(certificates, inventory)
                                       : FormatMatches(*library, certificates, inventory));
}

}  // namespace credmint::cli
