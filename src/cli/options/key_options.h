// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "cli/options/parsed.h"
#include "identity/identity_spec.h"

namespace credmint::cli {

constexpr const char* kKeyGroup = "Private key";

/// The flags that say which key and certificate, shared by every command that uses one; the names
/// are those of aws_signing_helper where it has them. As typed.
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
};

/// Adds the flags about tokens, then those about certificates, then those about the private key
/// too; each includes those before it.
void AddTokenFlags(CLI::App& command, KeyOptions& options);
void AddCertificateFlags(CLI::App& command, KeyOptions& options);
void AddKeyFlags(CLI::App& command, KeyOptions& options);

/// What they mean, without anything having been opened: that a certificate or a key is named is for
/// those to check who need one. Refuses, with kUsage or the codes of KeyReference, what is
/// malformed, what contradicts itself, and --system-store-name, which names what is not there on
/// Linux.
Parsed<std::shared_ptr<const IdentitySpec>> ParseIdentity(const KeyOptions& options);

/// kUsage without --certificate.
Result<void> CheckCertificateIsGiven(const IdentitySpec& identity);

}  // namespace credmint::cli
