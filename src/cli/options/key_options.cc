// SPDX-License-Identifier: Apache-2.0
#include "cli/options/key_options.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

using Use = KeyReference::Use;

constexpr const char* kTextValue = "TEXT";

/// An option by its name without dashes, and its value.
struct Given {
  std::string_view option;
  const std::string& text;
};

/// Parses a value, if there is one.
template <typename T, typename Parse>
void ParseGiven(Refusals& refusals, std::optional<T>& parsed, const Given& given, Parse parse) {
  if (given.text.empty()) return;
  auto result = parse(given.text);
  if (result) {
    parsed = *std::move(result);
  } else {
    refusals.push_back(
        {std::move(result).error().In(fmt::format("--{}", given.option)), {given.option}});
  }
}

void CheckSystemStore(Refusals& refusals, const KeyOptions& options) {
  if (options.system_store_name.empty()) return;
  refusals.push_back(
      {{ErrorCode::kUsage, "--system-store-name: this system has no Windows certificate store",
        "name the certificate with --certificate FILE or --certificate 'pkcs11:…'"},
       {"system-store-name"}});
}

void ParseReferences(Refusals& refusals, IdentitySpec& identity, const KeyOptions& options) {
  const auto parse = [&](std::optional<KeyReference>& reference, const Given& given, Use use) {
    ParseGiven(refusals, reference, given,
               [use](const std::string& text) { return KeyReference::Parse(text, use); });
  };
  CertificateOptions& certificate = identity.certificate;
  parse(certificate.certificate, {"certificate", options.certificate}, Use::kCertificate);
  parse(certificate.intermediates, {"intermediates", options.intermediates}, Use::kCertificate);
  parse(identity.private_key, {"private-key", options.private_key}, Use::kPrivateKey);
  parse(identity.policy_key, {"policy-key", options.policy_key}, Use::kPrivateKey);
}

/// Refuses more than one of several options that set the same thing.
void CheckOnlyOne(Refusals& refusals,
                  std::initializer_list<std::pair<std::string_view, bool>> given) {
  std::string_view first;
  for (const auto& [option, is_given] : given) {
    if (is_given && !first.empty()) {
      refusals.push_back(
          {{ErrorCode::kUsage, fmt::format("--{} and --{} exclude each other", first, option)},
           {option, first}});
    } else if (is_given) {
      first = option;
    }
  }
}

void CheckSecretsAgree(Refusals& refusals, const KeyOptions& options) {
  CheckOnlyOne(refusals, {{"passin", !options.passin.empty()},
                          {"tpm-key-password", !options.tpm_key_password.empty()},
                          {"no-tpm-key-password", options.no_tpm_key_password},
                          {"pkcs8-password", !options.pkcs8_password.empty()}});
  CheckOnlyOne(refusals, {{"context-passin", !options.context_passin.empty()},
                          {"reuse-pin", options.reuse_pin}});
}

void ParseSecrets(Refusals& refusals, IdentitySpec& identity, const KeyOptions& options) {
  const auto parse = [&](std::optional<SecretSource>& source, const Given& given) {
    ParseGiven(refusals, source, given, SecretSource::Parse);
  };
  SecretSources& secrets = identity.secrets;
  parse(secrets.user, {"passin", options.passin});
  parse(secrets.context, {"context-passin", options.context_passin});
  parse(secrets.parent, {"parent-passin", options.parent_passin});
  parse(secrets.policy, {"policy-passin", options.policy_passin});
  parse(identity.policy_key_secret, {"policy-key-passin", options.policy_key_passin});
  CheckSecretsAgree(refusals, options);
  for (const std::string* password : {&options.tpm_key_password, &options.pkcs8_password}) {
    if (!password->empty()) secrets.user = SecretSource::FromSecret(Secret(*password));
  }
  if (options.no_tpm_key_password) secrets.user = SecretSource::FromSecret(Secret());
  secrets.reuse_user_for_context = options.reuse_pin;
}

/// A stream that holds a key or certificates cannot hold a secret as well.
void CheckStreams(Refusals& refusals, const IdentitySpec& identity) {
  using Reference = std::pair<std::string_view, const std::optional<KeyReference>*>;
  using Source = std::pair<std::string_view, const std::optional<SecretSource>*>;
  const SecretSources& secrets = identity.secrets;
  const std::array references = {Reference{"certificate", &identity.certificate.certificate},
                                 Reference{"private-key", &identity.private_key},
                                 Reference{"intermediates", &identity.certificate.intermediates},
                                 Reference{"policy-key", &identity.policy_key}};
  const std::array sources = {
      Source{"passin", &secrets.user}, Source{"context-passin", &secrets.context},
      Source{"parent-passin", &secrets.parent}, Source{"policy-passin", &secrets.policy},
      Source{"policy-key-passin", &identity.policy_key_secret}};
  for (const auto& [option, reference] : references) {
    if (!*reference || !(*reference)->descriptor()) continue;
    for (const auto& [secret_option, source] : sources) {
      if (!*source || (*source)->descriptor() != (*reference)->descriptor()) continue;
      refusals.push_back(
          {{ErrorCode::kUsage,
            fmt::format("--{} and --{} both read {}", option, secret_option, (*reference)->text()),
            "give the secret through another descriptor, fd:N, or in a file, file:PATH"},
           {secret_option, option}});
    }
  }
}

/// The parameters of the devices, the same for each key that a command opens.
std::vector<std::pair<std::string, std::string>> MakeParameters(const KeyOptions& options) {
  std::vector<std::pair<std::string, std::string>> parameters;
  if (!options.pkcs11_lib.empty()) {
    parameters.emplace_back("pkcs11-module-path", options.pkcs11_lib);
  }
  if (!options.tcti.empty()) parameters.emplace_back("tcti", options.tcti);
  if (options.allow_final_try) parameters.emplace_back("pkcs11-allow-final-try", "1");
  return parameters;
}

void AddCertificate(CLI::App& command, KeyOptions& options) {
  AddPlace(
      command, "--certificate", options.certificate,
      "Certificate: a file (PEM, DER, PKCS#7, PKCS#12), pkcs11: URI, nv:0x01…, env:NAME, fd:N, "
      "or - for stdin",
      Place::kPathOrUri)
      ->group(kIdentityGroup);
}

void AddSelector(CLI::App& command, KeyOptions& options) {
  AddText(command, "--cert-selector", options.cert_selector,
          "Choice among several certificates: 'Key=x509Subject,Value=CN=Example', JSON, or "
          "file://PATH")
      ->option_text("SELECTOR")
      ->group(kIdentityGroup);
  AddText(command, "--system-store-name", options.system_store_name,
          "Windows certificate store: refused, Linux has none")
      ->option_text("NAME")
      ->group(kAdvancedGroup);
}

void AddPolicyFlags(CLI::App& command, KeyOptions& options) {
  AddSecret(command, "--policy-passin", options.policy_passin,
            "Auth value for PolicySecret in the TPM key's policy; sources as for --passin")
      ->group(kTpmGroup);
  AddPlace(command, "--policy-key", options.policy_key,
           "Key that signs for PolicySigned in the TPM key's policy; forms as for --private-key",
           Place::kPathOrUri)
      ->group(kTpmGroup);
  AddSecret(command, "--policy-key-passin", options.policy_key_passin,
            "PIN or passphrase of --policy-key; sources as for --passin")
      ->group(kTpmGroup);
}

void AddContextPinFlags(CLI::App& command, KeyOptions& options) {
  command
      .add_flag("--reuse-pin", options.reuse_pin,
                "Use the token PIN as the context-specific PIN of an always-authenticate key")
      ->group(kAdvancedGroup);
  AddSecret(command, "--context-passin", options.context_passin,
            "Context-specific PIN of an always-authenticate key; sources as for --passin")
      ->group(kAdvancedGroup);
}

void AddRareKeyFlags(CLI::App& command, KeyOptions& options) {
  AddContextPinFlags(command, options);
  AddSecret(command, "--tpm-key-password", options.tpm_key_password,
            "Auth value of the TPM key; visible to other users, prefer --passin")
      ->option_text(kTextValue)
      ->group(kAdvancedGroup);
  AddSecret(command, "--pkcs8-password", options.pkcs8_password,
            "Passphrase of the key file; visible to other users, prefer --passin")
      ->option_text(kTextValue)
      ->group(kAdvancedGroup);
  command
      .add_flag("--allow-weak-key", options.allow_weak_key,
                "Accept RSA keys below 2048 bits and curves other than P-256, P-384 and P-521; for "
                "tests only")
      ->group(kAdvancedGroup);
}

void AddPrivateKey(CLI::App& command, KeyOptions& options, const char* by_default) {
  AddPlace(command, "--private-key", options.private_key,
           fmt::format("Private key: a file (also a TSS2 PEM file), pkcs11: URI, handle:0x81…, "
                       "env:NAME, fd:N, or - for stdin{}",
                       by_default),
           Place::kPathOrUri)
      ->group(kIdentityGroup);
}

void AddNoPasswordFlag(CLI::App& command, KeyOptions& options) {
  command
      .add_flag("--no-tpm-key-password", options.no_tpm_key_password,
                "The TPM key has no auth value: use the empty one and do not ask")
      ->group(kTpmGroup);
}

/// The flags for signing with a key that is named.
void AddSigningFlags(CLI::App& command, KeyOptions& options) {
  AddNoPasswordFlag(command, options);
  AddPolicyFlags(command, options);
  AddRareKeyFlags(command, options);
}

}  // namespace

void AddSandboxFlags(CLI::App& command, KeyOptions& options) {
  command
      .add_flag_function(
          "--key-network", [&options](std::int64_t count) { options.key_network = count > 0; },
          "Let the module use the network (default: unless it is known not to need it); "
          "--key-network=false: never")
      ->group(kAdvancedGroup);
  command.add_flag("--key-exec", options.key_exec, "Let the module start programs at any time")
      ->group(kAdvancedGroup);
  command
      .add_option("--key-paths", options.key_paths,
                  "File or folder that the module may read and write; repeatable")
      ->check(PlainText())
      ->option_text(kFileValue)
      ->group(kAdvancedGroup);
}

void AddTokenFlags(CLI::App& command, KeyOptions& options) {
  AddSecret(
      command, "--passin", options.passin,
      "Token PIN, TPM auth value or passphrase: file:PATH, env:NAME, fd:N, stdin, cred:NAME or "
      "pass:TEXT (default: ask at the terminal, except in serve and update)")
      ->group(kIdentityGroup);
  AddPlace(command, "--pkcs11-lib", options.pkcs11_lib,
           "PKCS#11 module (default: the p11-kit proxy)", Place::kPath)
      ->group(kIdentityGroup);
  AddText(
      command, "--tcti", options.tcti,
      "Connection to the TPM (default: $TPM2TOOLS_TCTI, $TSS2_TCTI, $TPM2OPENSSL_TCTI, the path "
      "$TPM_DEVICE, else device:/dev/tpmrm0 or device:/dev/tpm0)")
      ->option_text("TCTI")
      ->group(kTpmGroup);
  AddSecret(command, "--parent-passin", options.parent_passin,
            "Auth value of the TPM key's parent or of an NV index's owner; sources as for --passin")
      ->group(kTpmGroup);
  command
      .add_flag("--allow-final-try", options.allow_final_try,
                "Send the PIN even if one more wrong PIN locks the token")
      ->group(kAdvancedGroup);
  AddSandboxFlags(command, options);
}

void AddCertificateFlags(CLI::App& command, KeyOptions& options) {
  AddCertificate(command, options);
  AddSelector(command, options);
  AddTokenFlags(command, options);
}

void AddKeyFlags(CLI::App& command, KeyOptions& options) {
  AddPrivateKey(command, options, " (default: looked for where --certificate is)");
  AddCertificate(command, options);
  AddPlace(command, "--intermediates", options.intermediates,
           "Certificates between the leaf and the trust anchor; forms as for --certificate",
           Place::kPathOrUri)
      ->group(kIdentityGroup);
  AddTokenFlags(command, options);
  AddSelector(command, options);
  command
      .add_flag("--use-latest-expiring-certificate", options.use_latest_expiring_certificate,
                "If several certificates match, use the one that expires last")
      ->group(kIdentityGroup);
  AddSigningFlags(command, options);
}

void AddPrivateKeyFlags(CLI::App& command, KeyOptions& options) {
  AddPrivateKey(command, options, "");
  AddTokenFlags(command, options);
  AddSigningFlags(command, options);
}

void AddKeySecretFlags(CLI::App& command, KeyOptions& options) {
  AddNoPasswordFlag(command, options);
  AddContextPinFlags(command, options);
}

Parsed<std::shared_ptr<const IdentitySpec>> ParseIdentity(const KeyOptions& options) {
  IdentitySpec identity;
  Refusals refusals;
  CheckSystemStore(refusals, options);
  ParseReferences(refusals, identity, options);
  ParseGiven(refusals, identity.certificate.selector, {"cert-selector", options.cert_selector},
             CertificateSelector::Parse);
  ParseSecrets(refusals, identity, options);
  CheckStreams(refusals, identity);
  if (!refusals.empty()) return tl::unexpected(std::move(refusals));
  identity.certificate.latest_expiring = options.use_latest_expiring_certificate;
  identity.allow_weak_key = options.allow_weak_key;
  identity.parameters = MakeParameters(options);
  identity.sandbox.network = options.key_network;
  identity.sandbox.programs = options.key_exec;
  identity.sandbox.paths = options.key_paths;
  return std::make_shared<const IdentitySpec>(std::move(identity));
}

Result<void> CheckCertificateIsGiven(const IdentitySpec& identity) {
  if (identity.certificate.certificate) return {};
  return Fail(ErrorCode::kUsage, "--certificate is missing",
              "give the certificate's file, a pkcs11: URI for one on a token, or nv:0x01… for one "
              "in a TPM");
}

}  // namespace credmint::cli
