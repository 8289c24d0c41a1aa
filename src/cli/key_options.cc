// SPDX-License-Identifier: Apache-2.0
#include "cli/key_options.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <tuple>

#include "base/changing_files.h"
#include "base/log.h"
#include "cli/output.h"
#include "cli/terminal_prompt.h"
#include "cli/text_option.h"
#include "identity/key_reference.h"
#include "identity/pin_source.h"
#include "identity/refusals.h"

namespace credmint::cli {
namespace {

constexpr const char* kCertificateGroup = "Certificate";
constexpr const char* kKeyGroup = "Private key";
constexpr const char* kLogGroup = "Diagnostics";

/// Text options that a user may only give one of, with the names people know them by.
Result<void> OnlyOne(std::initializer_list<std::pair<const char*, bool>> given) {
  const char* first = nullptr;
  for (const auto& [name, is_given] : given) {
    if (!is_given) continue;
    if (first != nullptr) {
      return Fail(ErrorCode::kUsage, std::string(first) + " and " + name + " exclude each other");
    }
    first = name;
  }
  return {};
}

Result<void> ParseInto(std::optional<PinSource>& target, const std::string& source,
                       const char* option) {
  if (source.empty()) return {};
  auto parsed = PinSource::Parse(source, option);
  if (!parsed) return Fail(std::move(parsed));
  target = *std::move(parsed);
  return {};
}

Result<PinSources> MakePinSources(const KeyOptions& options) {
  auto one = OnlyOne({{"--passin", !options.passin.empty()},
                      {"--tpm-key-password", !options.tpm_key_password.empty()},
                      {"--no-tpm-key-password", options.no_tpm_key_password},
                      {"--pkcs8-password", !options.pkcs8_password.empty()}});
  if (one)
    one = OnlyOne({{"--context-passin", !options.context_passin.empty()},
                   {"--reuse-pin", options.reuse_pin}});
  PinSources pins;
  if (one) one = ParseInto(pins.user, options.passin, "--passin");
  if (one) one = ParseInto(pins.context, options.context_passin, "--context-passin");
  if (one) one = ParseInto(pins.parent, options.parent_passin, "--parent-passin");
  if (one) one = ParseInto(pins.policy, options.policy_passin, "--policy-passin");
  if (!one) return Fail(std::move(one));
  if (!options.tpm_key_password.empty()) {
    pins.user = PinSource::FromSecret(Secret(options.tpm_key_password));
  }
  if (!options.pkcs8_password.empty()) {
    pins.user = PinSource::FromSecret(Secret(options.pkcs8_password));
  }
  if (options.no_tpm_key_password) pins.user = PinSource::FromSecret(Secret());
  pins.reuse_user_for_context = options.reuse_pin;
  return pins;
}

/// A stream that holds a key or certificates cannot hold a secret besides.
Result<void> CheckStreams(const KeyOptions& options) {
  using Named = std::pair<const char*, const std::string*>;
  for (const auto& [option, text] :
       {Named{"--certificate", &options.certificate}, Named{"--private-key", &options.private_key},
        Named{"--intermediates", &options.intermediates},
        Named{"--policy-key", &options.policy_key}}) {
    const auto reference = KeyReference::Parse(*text, KeyReference::Use::kAnything);
    if (!reference || !reference->descriptor()) continue;
    for (const auto& [secret_option, source] :
         {Named{"--passin", &options.passin}, Named{"--context-passin", &options.context_passin},
          Named{"--parent-passin", &options.parent_passin},
          Named{"--policy-passin", &options.policy_passin},
          Named{"--policy-key-passin", &options.policy_key_passin}}) {
      const auto secret = PinSource::Parse(*source, secret_option);
      if (!secret || secret->descriptor() != reference->descriptor()) continue;
      return Fail(ErrorCode::kUsage,
                  fmt::format("{} and {} both read {}", option, secret_option, reference->text()),
                  "give the secret by another descriptor, fd:N, or by file:PATH");
    }
  }
  return {};
}

/// The devices' parameters, which are the same for each key that a command opens.
std::vector<std::pair<std::string, std::string>> MakeParameters(const KeyOptions& options) {
  std::vector<std::pair<std::string, std::string>> parameters;
  if (!options.pkcs11_lib.empty()) {
    parameters.emplace_back("pkcs11-module-path", options.pkcs11_lib);
  }
  if (!options.tcti.empty()) parameters.emplace_back("tcti", options.tcti);
  if (options.allow_final_try) parameters.emplace_back("pkcs11-allow-final-try", "1");
  return parameters;
}

PromptedSecrets MakePrompt(Prompting prompting) {
  return prompting == Prompting::kAtTerminal ? PromptedSecrets(AskAtTerminal) : PromptedSecrets();
}

/// It has secrets of its own: those of the key that it helps must never be tried on it.
Result<std::shared_ptr<const SigningKey>> OpenPolicySigner(const LibraryContext& context,
                                                           const KeyOptions& options,
                                                           Prompting prompting) {
  auto reference = KeyReference::Parse(options.policy_key, KeyReference::Use::kPrivateKey);
  if (!reference) return Fail(std::move(reference), "--policy-key");
  PinSources pins;
  if (auto parsed = ParseInto(pins.user, options.policy_key_passin, "--policy-key-passin");
      !parsed) {
    return Fail(std::move(parsed));
  }
  pins.prompted = MakePrompt(prompting);
  auto key =
      KeyOpener(context, std::move(pins), MakeParameters(options)).OpenKey(*std::move(reference));
  if (!key) return Fail(std::move(key), "--policy-key");
  return key;
}

/// The key that belongs to one of the certificates but goes by another name than they do.
Result<std::shared_ptr<const SigningKey>> OpenKeyBeside(KeyOpener& opener,
                                                        const KeyReference& place,
                                                        std::span<const Certificate> certificates) {
  auto key = opener.OpenKey(place.ForAll().ForPrivateKey(), certificates);
  if (!key) return key;
  const ErrorMark mark;
  const bool belongs =
      std::any_of(certificates.begin(), certificates.end(), [&](const Certificate& certificate) {
        return certificate.public_key() != nullptr &&
               EVP_PKEY_eq((*key)->get(), certificate.public_key()) == 1;
      });
  if (belongs) return key;
  return Fail(ErrorCode::kKeyNotFound, "no key there belongs to the certificate");
}

/// `certificates` is not empty. An issuer may be among them only if there is nothing else.
const Certificate& LatestExpiring(std::span<const Certificate> certificates) {
  return *std::max_element(
      certificates.begin(), certificates.end(), [](const Certificate& a, const Certificate& b) {
        return std::make_tuple(!a.IsCa(), a.NotAfter()) < std::make_tuple(!b.IsCa(), b.NotAfter());
      });
}

/// A key of an algorithm that this OpenSSL lacks cannot be opened either, with a worse reason.
Result<void> CheckSomeKeyIsKnown(std::span<const Certificate> certificates) {
  Result<void> first;
  for (const Certificate& certificate : certificates) {
    auto known = CheckKeyIsKnown(certificate);
    if (known) return {};
    if (first) first = Fail(std::move(known), "certificate " + certificate.Subject());
  }
  return first;
}

}  // namespace

void AddProgramFlags(CLI::App& command, KeyOptions& options) {
  command
      .add_option("--provider", options.providers,
                  "Also load this OpenSSL provider; may be given several times")
      ->check(PlainText())
      ->group(kKeyGroup);
  command.add_flag("--debug", options.debug, "Say on stderr what is done")->group(kLogGroup);
  command.add_option("--log-format", options.log_format, "Form of --debug: text or json")
      ->check(OneOf({"text", "json"}))
      ->group(kLogGroup);
}

void AddTokenFlags(CLI::App& command, KeyOptions& options) {
  AddSecret(command, "--passin", options.passin,
            "Token PIN, TPM auth value or passphrase: file:PATH, env:NAME, fd:N, stdin, "
            "cred:NAME, pass:TEXT (default: asked at the terminal, if there is one)")
      ->group(kKeyGroup);
  command
      .add_flag("--allow-final-try", options.allow_final_try,
                "Send a PIN even where one more wrong PIN locks the token")
      ->group(kKeyGroup);
  AddPlace(command, "--pkcs11-lib", options.pkcs11_lib, "PKCS#11 module (default: p11-kit's proxy)",
           "a path")
      ->group(kKeyGroup);
  AddSecret(command, "--parent-passin", options.parent_passin,
            "Auth value of the TPM key's parent, or of the owner of an NV index; forms as "
            "--passin")
      ->group(kKeyGroup);
  AddText(command, "--tcti", options.tcti,
          "Way to the TPM (default: $TPM2TOOLS_TCTI, $TSS2_TCTI, $TPM2OPENSSL_TCTI, the path "
          "$TPM_DEVICE, else device:/dev/tpmrm0 or device:/dev/tpm0)")
      ->group(kKeyGroup);
  AddProgramFlags(command, options);
}

void AddCertificateFlags(CLI::App& command, KeyOptions& options) {
  AddPlace(command, "--certificate", options.certificate,
           "Certificate: file (PEM, DER, PKCS#7, PKCS#12), pkcs11: URI, nv:0x01…, env:NAME, fd:N, "
           "or - for stdin",
           "a path or a URI")
      ->group(kCertificateGroup);
  AddText(command, "--cert-selector", options.cert_selector,
          "Which of several certificates: 'Key=x509Subject,Value=CN=Example', JSON, or "
          "file://PATH")
      ->group(kCertificateGroup);
  AddText(command, "--system-store-name", options.system_store_name,
          "Certificate store of Windows: refused on Linux")
      ->group(kCertificateGroup);
  AddTokenFlags(command, options);
}

void AddKeyFlags(CLI::App& command, KeyOptions& options) {
  AddCertificateFlags(command, options);
  AddPlace(command, "--private-key", options.private_key,
           "Private key: file, pkcs11: URI, handle:0x81…, TSS2 PEM file, env:NAME, fd:N, or - for "
           "stdin (default: the place of --certificate)",
           "a path or a URI")
      ->group(kKeyGroup);
  AddPlace(command, "--intermediates", options.intermediates,
           "Intermediate certificates between leaf and trust anchor; forms as --certificate",
           "a path or a URI")
      ->group(kCertificateGroup);
  command
      .add_flag("--use-latest-expiring-certificate", options.use_latest_expiring_certificate,
                "Of several matching certificates take the one that expires last")
      ->group(kCertificateGroup);
  command
      .add_flag("--reuse-pin", options.reuse_pin,
                "Use the token PIN as context-specific PIN of an always-authenticate key")
      ->group(kKeyGroup);
  command
      .add_flag("--allow-weak-key", options.allow_weak_key,
                "Use a key of RSA below 2048 bits, or of another curve than P-256, P-384 and "
                "P-521: for tests only")
      ->group(kKeyGroup);
  AddSecret(command, "--context-passin", options.context_passin,
            "Context-specific PIN of an always-authenticate key; forms as --passin")
      ->group(kKeyGroup);
  AddSecret(command, "--tpm-key-password", options.tpm_key_password,
            "Auth value of the TPM key (visible to other users; prefer --passin)")
      ->group(kKeyGroup);
  command
      .add_flag("--no-tpm-key-password", options.no_tpm_key_password,
                "The TPM key has an empty auth value")
      ->group(kKeyGroup);
  AddSecret(command, "--policy-passin", options.policy_passin,
            "Auth value of what the TPM key's policy names (PolicySecret); forms as --passin")
      ->group(kKeyGroup);
  AddPlace(command, "--policy-key", options.policy_key,
           "Key that signs what the TPM key's policy wants signed (PolicySigned); as --private-key",
           "a path or a URI")
      ->group(kKeyGroup);
  AddSecret(command, "--policy-key-passin", options.policy_key_passin,
            "PIN or passphrase of --policy-key; forms as --passin")
      ->group(kKeyGroup);
  AddSecret(command, "--pkcs8-password", options.pkcs8_password,
            "Passphrase of a key file (visible to other users; prefer --passin)")
      ->group(kKeyGroup);
}

void StartLog(const KeyOptions& options) {
  ConfigureLog(options.debug, options.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
}

Result<void> CheckSystemStore(const KeyOptions& options) {
  if (options.system_store_name.empty()) return {};
  return Fail(ErrorCode::kUsage,
              "--system-store-name: this system has no Windows certificate store",
              "name the certificate by --certificate FILE or --certificate 'pkcs11:…'");
}

Result<void> CheckSecretOptions(const KeyOptions& options) {
  if (auto sources = MakePinSources(options); !sources) return Fail(std::move(sources));
  return {};
}

Result<LibraryContext> StartLibrary(const KeyOptions& options) {
  StartLog(options);
  if (auto checked = CheckSystemStore(options); !checked) return Fail(std::move(checked));
  return LibraryContext::Create(BuiltinProviders(), options.providers);
}

Result<KeyOpener> MakeKeyOpener(const LibraryContext& context, const KeyOptions& options,
                                Prompting prompting) {
  if (auto checked = CheckStreams(options); !checked) return Fail(std::move(checked));
  auto pins = MakePinSources(options);
  if (!pins) return Fail(std::move(pins));
  pins->prompted = MakePrompt(prompting);
  KeyOpener opener(context, *std::move(pins), MakeParameters(options));
  if (options.policy_key.empty()) return opener;
  auto signer = OpenPolicySigner(context, options, prompting);
  if (!signer) return Fail(std::move(signer));
  opener.SetPolicySigner(*std::move(signer));
  return opener;
}

Result<CertificateOptions> MakeCertificateOptions(const KeyOptions& options) {
  if (options.certificate.empty()) {
    return Fail(
        ErrorCode::kUsage, "--certificate is missing",
        "give the certificate's file, a pkcs11: URI for one on a token, or nv:0x01… for one "
        "in a TPM");
  }
  CertificateOptions result;
  result.certificate = options.certificate;
  result.intermediates = options.intermediates;
  result.latest_expiring = options.use_latest_expiring_certificate;
  if (!options.cert_selector.empty()) {
    auto selector = CertificateSelector::Parse(options.cert_selector);
    if (!selector) return Fail(std::move(selector), "--cert-selector");
    result.selector = *std::move(selector);
  }
  return result;
}

Result<std::shared_ptr<const SigningKey>> OpenPrivateKey(
    KeyOpener& opener, const KeyOptions& options, std::span<const Certificate> certificates) {
  if (!options.private_key.empty()) {
    auto reference = KeyReference::Parse(options.private_key, KeyReference::Use::kPrivateKey);
    if (!reference) return Fail(std::move(reference), "--private-key");
    return opener.OpenKey(*std::move(reference), certificates);
  }
  if (options.certificate.empty()) {
    return Fail(
        ErrorCode::kUsage, "--private-key is missing",
        "give a key file, a pkcs11: URI, handle:0x81… or a TSS2 PEM file; or --certificate, if "
        "the key is in the same place");
  }
  auto reference = KeyReference::Parse(options.certificate, KeyReference::Use::kCertificate);
  if (!reference) return Fail(std::move(reference), "--certificate");
  auto key = opener.OpenKey(reference->ForPrivateKey(), certificates);
  if (key || key.error().code != ErrorCode::kKeyNotFound) return key;
  auto other = OpenKeyBeside(opener, *reference, certificates);
  if (other || (other.error().code == ErrorCode::kKeyAmbiguous && certificates.size() > 1)) {
    return other;
  }
  key.error().SetHint(
      "without --private-key the key is looked for where the certificate is; name it: a file, "
      "pkcs11:…, handle:0x81…");
  return key;
}

namespace {

/// `device_key` is used if there is one, instead of opening one; else it is what was opened, if
/// that is a device's.
Result<std::shared_ptr<const Identity>> OpenIdentity(
    KeyOpener& opener, const KeyOptions& options, std::shared_ptr<const SigningKey>& device_key) {
  auto certificate_options = MakeCertificateOptions(options);
  if (!certificate_options) return Fail(std::move(certificate_options));
  CertificateSource source(opener, *std::move(certificate_options));
  const auto candidates = source.Find();
  if (!candidates) return tl::unexpected(candidates.error());
  if (auto known = CheckSomeKeyIsKnown(candidates->certificates); !known) {
    return Fail(std::move(known));
  }
  auto key = device_key ? device_key : OpenPrivateKey(opener, options, candidates->certificates);
  if (!key && key.error().code == ErrorCode::kKeyAmbiguous && candidates->certificates.size() > 1) {
    if (options.use_latest_expiring_certificate) {
      key = OpenPrivateKey(opener, options, {&LatestExpiring(candidates->certificates), 1});
    } else {
      key.error().AddHint(
          fmt::format("or name one of the certificates, by its URI or with "
                      "--cert-selector: {}",
                      source.Describe(*candidates)));
    }
  }
  if (!key) return Fail(std::move(key));
  if (!(*key)->IsInMemory() && !(*key)->wrapped()) device_key = *key;
  const auto now = std::chrono::system_clock::now();
  auto chain = source.ChainFor(**key, *candidates, now);
  if (!chain) return Fail(std::move(chain));
  auto identity = CheckIdentity(*std::move(key), *std::move(chain), now);
  if (!identity) return Fail(std::move(identity));
  const Certificate& leaf = identity->leaf();
  if (auto strong = CheckKeyStrength(options, leaf.public_key()); !strong) {
    return Fail(std::move(strong), "certificate " + leaf.Subject());
  }
  return std::make_shared<const Identity>(*std::move(identity));
}

}  // namespace

Result<void> CheckKeyStrength(const KeyOptions& options, const EVP_PKEY* key) {
  return options.allow_weak_key ? Result<void>() : CheckStrength(key);
}

std::vector<std::string> PathsIn(std::initializer_list<std::string> references) {
  std::vector<std::string> paths;
  for (const std::string& text : references) {
    const auto reference = KeyReference::Parse(text, KeyReference::Use::kAnything);
    if (!reference || !reference->is_file()) continue;
    if (reference->descriptor() || !reference->variable().empty()) continue;
    paths.push_back(reference->text());
  }
  return paths;
}

std::optional<std::chrono::milliseconds> SettlingTime(ErrorCode failure) {
  switch (failure) {
    case ErrorCode::kKeyMismatch:
      return std::chrono::milliseconds(1000);
    case ErrorCode::kLocalIo:  // missing, or cut to nothing until somebody goes on
      return std::chrono::milliseconds(500);
    case ErrorCode::kMalformed:
    case ErrorCode::kCertificate:
    case ErrorCode::kKeyNotFound:
      return std::chrono::milliseconds(200);
    default:
      return std::nullopt;
  }
}

Result<std::shared_ptr<const Identity>> OpenIdentityPatiently(KeyOpener& opener,
                                                              const KeyOptions& options,
                                                              std::chrono::milliseconds patience) {
  ChangingFiles files(PathsIn({options.certificate, options.private_key, options.intermediates}),
                      patience);
  std::shared_ptr<const SigningKey> device_key;
  while (true) {
    files.Look();
    auto identity = OpenIdentity(opener, options, device_key);
    if (identity) return identity;
    const auto settled = SettlingTime(identity.error().code);
    if (!settled || !files.WaitForChange(*settled)) return identity;
    LogDebug(fmt::format("trying again, it may be being replaced: {}", identity.error().message));
  }
}

Result<std::shared_ptr<const Identity>> OpenIdentity(KeyOpener& opener, const KeyOptions& options) {
  std::shared_ptr<const SigningKey> device_key;
  return OpenIdentity(opener, options, device_key);
}

IdentityKeeper KeepIdentity(KeyOpener& opener, const KeyOptions& options,
                            std::chrono::milliseconds patience) {
  return {{.open =
               [&, patience, had_one = false]() mutable {
                 auto identity = had_one ? OpenIdentity(opener, options)
                                         : OpenIdentityPatiently(opener, options, patience);
                 had_one = had_one || identity.has_value();
                 return identity;
               },
           .open_key =
               [&](const Certificate& leaf) {
                 return OpenPrivateKey(opener, options, {&leaf, 1});
               },
           .open_wrapped =
               [&](const std::shared_ptr<const WrappedKey>& key) { return opener.OpenKey(key); }},
          [](const Error& error) { ReportError(error); }};
}

}  // namespace credmint::cli
