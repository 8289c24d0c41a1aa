#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "identity/certificate_source.h"
#include "identity/identity.h"
#include "identity/identity_keeper.h"
#include "identity/key_opener.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// The flags that say which key and certificate, shared by every command that uses one; the names
/// are those of aws_signing_helper where it has them. Kept as typed.
struct KeyOptions {
  std::string certificate;
  std::string private_key;
  std::string intermediates;
  std::string cert_selector;
  bool use_latest_expiring_certificate = false;
  std::string system_store_name;
  std::string pkcs11_lib;
  bool reuse_pin = false;
  std::string tpm_key_password;
  bool no_tpm_key_password = false;
  std::string pkcs8_password;
  std::string passin;
  std::string context_passin;
  std::string parent_passin;
  std::string policy_passin;
  std::string policy_key;
  std::string policy_key_passin;
  bool allow_final_try = false;
  std::string tcti;
  std::vector<std::string> providers;
  bool debug = false;
  std::string log_format = "text";

  bool operator==(const KeyOptions&) const = default;
};

/// Adds the flags about the process as a whole, then those about tokens, then those about
/// certificates, then those about the private key too; each includes those before it.
void AddProgramFlags(CLI::App& command, KeyOptions& options);
void AddTokenFlags(CLI::App& command, KeyOptions& options);
void AddCertificateFlags(CLI::App& command, KeyOptions& options);
void AddKeyFlags(CLI::App& command, KeyOptions& options);

/// Says what --debug and --log-format ask for. Before anything is logged.
void StartLog(const KeyOptions& options);

/// Starts the log, then OpenSSL with our providers and those of --provider.
Result<LibraryContext> StartLibrary(const KeyOptions& options);

/// kUsage for --system-store-name, which names what is not there on Linux.
Result<void> CheckSystemStore(const KeyOptions& options);

/// kUsage if options for secrets contradict each other or one of them is malformed.
Result<void> CheckSecretOptions(const KeyOptions& options);

/// Whether a person may be asked for a secret that no option gives. What runs unattended decides
/// against it, whether there is a terminal or not.
enum class Prompting { kNever, kAtTerminal };

/// Puts the secrets' sources and the devices' parameters together; kUsage if they contradict each
/// other.
Result<KeyOpener> MakeKeyOpener(const LibraryContext& context, const KeyOptions& options,
                                Prompting prompting);

/// What CertificateSource needs; kUsage on a malformed selector.
Result<CertificateOptions> MakeCertificateOptions(const KeyOptions& options);

/// The private key: --private-key, else the place of --certificate: under the certificate's name,
/// else whichever key there belongs to one of `certificates`. These also tell several keys apart.
Result<std::shared_ptr<const SigningKey>> OpenPrivateKey(
    KeyOpener& opener, const KeyOptions& options, std::span<const Certificate> certificates = {});

/// Key, certificate and chain, checked against each other.
Result<std::shared_ptr<const Identity>> OpenIdentity(KeyOpener& opener, const KeyOptions& options);

/// The same for a command that stays, through renewals; reports to stderr. The opener and the
/// options must outlive it.
IdentityKeeper KeepIdentity(KeyOpener& opener, const KeyOptions& options);

}  // namespace credmint::cli
