// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/import_certificate.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "cli/options/new_key_options.h"
#include "cli/options/option_groups.h"
#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "enrolment/certificate_import.h"
#include "identity/identity_opener.h"
#include "identity/secret_source.h"

namespace credmint::cli {
namespace {

constexpr const char* kPlaces = "give pkcs11:token=TOKEN, nv:0x01… or the path of a file";

/// A flag that applies to one kind of place only.
struct PlaceFlag {
  const char* name;
  bool given;
  bool applies;
};

Result<void> CheckFlags(const KeyReference& to, std::initializer_list<PlaceFlag> flags) {
  for (const PlaceFlag& flag : flags) {
    if (!flag.given || flag.applies) continue;
    return Fail(ErrorCode::kUsage, fmt::format("{} has no meaning for {}", flag.name, to.shown()));
  }
  return {};
}

}  // namespace

ImportCertificateCommand::ImportCertificateCommand(CLI::App& app)
    : app_(app.add_subcommand("import-certificate", "Put a certificate where its key is")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = "--certificate and --private-key",
                    .example = "credmint import-certificate --certificate token.pem \\\n"
                               "  --private-key 'pkcs11:token=prod;object=web' --passin file:pin"});
    AddPlace(*app_, "--certificate", key_.certificate,
             "Certificate to write, with its issuers: a file (PEM, DER, PKCS#7), env:NAME, fd:N, "
             "or - for stdin",
             Place::kPathOrUri)
        ->group(kIdentityGroup);
    AddPlace(*app_, "--chain", key_.intermediates, "File of further issuers of the certificate",
             Place::kPathOrUri)
        ->group(kIdentityGroup);
    AddPlace(*app_, "--to", to_,
             "Place for the certificate: pkcs11:token=TOKEN, nv:0x01… or a file (default: the "
             "token of the key)",
             Place::kPathOrUri)
        ->group(kIdentityGroup);
    app_->add_flag("--keep-old", keep_old_, "Keep earlier certificates of the key on the token")
        ->group(kIdentityGroup);
    app_->add_flag("--force", force_,
                   "Replace another key's certificate in a file or an NV index, or a file of "
                   "something else")
        ->group(kIdentityGroup);
    AddPrivateKeyFlags(*app_, key_);
    AddOwnerFlag(*app_, owner_passin_);
    AddProcessFlags(*app_, process_);
  });
}

/// The place that --to names, or the token of the key.
Result<KeyReference> ImportCertificateCommand::Destination(const IdentitySpec& identity) const {
  if (!to_.empty()) {
    auto to = KeyReference::Parse(to_, KeyReference::Use::kCertificate);
    if (!to) return Fail(std::move(to), "--to");
    if (to->scheme() != nullptr || to->is_path()) return to;
    return Fail(ErrorCode::kUsage,
                fmt::format("--to: no certificate can be written to {}", to->shown()), kPlaces);
  }
  const KeyReference& key = *identity.private_key;
  if (key.scheme() != nullptr && key.scheme()->has_certificates) return key.Clone();
  return Fail(ErrorCode::kUsage,
              fmt::format("--to is missing: the place of key {} has no certificates", key.shown()),
              kPlaces);
}

Result<void> ImportCertificateCommand::Run() const {
  StartLog(process_);
  auto identity = WithoutPlace(ParseIdentity(key_));
  if (!identity) return Fail(std::move(identity));
  if (auto given = CheckCertificateIsGiven(**identity); !given) return given;
  if (!(*identity)->private_key) {
    return Fail(ErrorCode::kUsage, "--private-key is missing",
                "name the key of the certificate: pkcs11:…, handle:0x81… or a file");
  }
  auto to = Destination(**identity);
  if (!to) return Fail(std::move(to));
  const bool to_device = to->scheme() != nullptr;
  const bool to_token = to_device && to->scheme()->rfc7512;
  auto flags =
      CheckFlags(*to, {{"--keep-old", keep_old_, to_token},
                       {"--force", force_, !to_token},
                       {"--owner-passin", !owner_passin_.empty(), to_device && !to_token}});
  if (!flags) return flags;
  ProcessOptions process = process_;
  if (const auto source = SecretSource::Parse(owner_passin_); source && source->file()) {
    process.secret_files.push_back(*source->file());
  }
  auto started = StartOpener(*std::move(identity), std::move(process));
  if (!started) return Fail(std::move(started));
  const auto chain = CheckImport(*started->library, started->opener);
  if (!chain) return Fail(chain);
  auto owner_auth = ReadOwnerAuth(owner_passin_);
  if (!owner_auth) return Fail(std::move(owner_auth));
  const auto written = ImportCertificate(
      started->opener.keys(), *std::move(to), *chain,
      {.keep_old = keep_old_, .overwrite = force_, .owner_auth = *std::move(owner_auth)});
  if (!written) return Fail(written);
  return WriteResult(*written + "\n");
}

}  // namespace credmint::cli
