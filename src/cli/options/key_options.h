// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "cli/options/parsed.h"
#include "identity/identity_spec.h"

namespace credmint::cli {

/// The flags that name the key and the certificate, as typed; all commands that use a key share
/// them. A flag that aws_signing_helper has keeps its name.
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
  std::optional<bool> key_network;
  bool key_exec = false;
  std::vector<std::string> key_paths;
};

/// Adds the flags about the sandbox, about tokens, about certificates, and about the private key;
/// each function includes the flags of those before it.
void AddSandboxFlags(CLI::App& command, KeyOptions& options);
void AddTokenFlags(CLI::App& command, KeyOptions& options);
void AddCertificateFlags(CLI::App& command, KeyOptions& options);
void AddKeyFlags(CLI::App& command, KeyOptions& options);

/// Adds the flags for a key alone, without a certificate: of AddTokenFlags() and the private key.
void AddPrivateKeyFlags(CLI::App& command, KeyOptions& options);

/// Adds the flags for the secrets of a device's key that signs, for a command whose key is no
/// option.
void AddKeySecretFlags(CLI::App& command, KeyOptions& options);

/// Parses the options without opening anything. Whether a certificate or a key is named at all is
/// for the caller to check. Malformed or contradictory options are refused, each of them, with
/// kUsage or the codes of KeyReference; so is --system-store-name, because Linux has no such store.
Parsed<std::shared_ptr<const IdentitySpec>> ParseIdentity(const KeyOptions& options);

/// Fails with kUsage if --certificate is missing.
Result<void> CheckCertificateIsGiven(const IdentitySpec& identity);

}  // namespace credmint::cli
