// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
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
  bool allow_weak_key = false;
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

/// kKeyUnusable for a key that is too weak (CheckStrength()), but with --allow-weak-key.
Result<void> CheckKeyStrength(const KeyOptions& options, const EVP_PKEY* key);

/// Key, certificate and chain, checked against each other and CheckKeyStrength().
Result<std::shared_ptr<const Identity>> OpenIdentity(KeyOpener& opener, const KeyOptions& options);

/// The same where somebody may be replacing key and certificate at this moment: what does not
/// belong together, or is empty, half or missing, is read again while files of them change
/// (ChangingFiles), for `patience` at most. A key of a device is opened once and kept meanwhile,
/// and nothing is tried again after a refused secret: no try is lost.
Result<std::shared_ptr<const Identity>> OpenIdentityPatiently(KeyOpener& opener,
                                                              const KeyOptions& options,
                                                              std::chrono::milliseconds patience);

/// The same for a command that stays, through renewals; reports to stderr. Patient until there was
/// a first pair; from then on the keeper has the earlier one. The opener and the options must
/// outlive it.
IdentityKeeper KeepIdentity(KeyOpener& opener, const KeyOptions& options,
                            std::chrono::milliseconds patience);

/// What somebody may be replacing at this moment: those of the references that are paths.
std::vector<std::string> PathsIn(std::initializer_list<std::string> references);

/// For how long after its last change a file is taken for one that is being replaced, where this
/// failure came of what was in it; nothing where it did not.
std::optional<std::chrono::milliseconds> SettlingTime(ErrorCode failure);

}  // namespace credmint::cli
