// SPDX-License-Identifier: Apache-2.0
#include "cli/options/new_key_options.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "identity/secret_source.h"

namespace credmint::cli {
namespace {

Result<Bytes> IdOf(std::string_view hex) {
  constexpr std::size_t kLongest = 128;  // digits
  const auto bad = [] {
    return Fail(ErrorCode::kUsage, "--id: it is not an id of 1 to 64 bytes in hexadecimal",
                "write two digits for each byte: --id 01");
  };
  if (hex.size() % 2 != 0 || hex.size() > kLongest) return bad();
  Bytes id;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    std::uint8_t byte = 0;
    const char* const end = hex.data() + i + 2;
    const auto [stop, error] = std::from_chars(hex.data() + i, end, byte, 16);
    if (error != std::errc() || stop != end) return bad();
    id.push_back(byte);
  }
  return id;
}

Result<Secret> ReadFrom(const char* option, const std::string& text) {
  if (text.empty()) return Secret();
  const auto source = SecretSource::Parse(text);
  if (!source) return Fail(Error(source.error()).In(option));
  auto secret = source->Read();
  if (!secret) return Fail(std::move(secret), option);
  return secret;
}

/// A flag for some back ends only: whether it is given, and the loader parameter behind it.
struct SpecialFlag {
  const char* option;
  bool given;
  std::string_view parameter;
};

Result<void> CheckApplies(const SpecialFlag& flag, std::string_view device) {
  if (!flag.given || !flag.parameter.empty()) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} does not apply to keys of {}", flag.option, device));
}

/// The flags for new keys of some back ends, with what `scheme` knows of them.
Result<void> CheckSpecialFlags(const NewKeyOptions& options, const Scheme& scheme,
                               std::string_view device) {
  const SpecialFlag flags[] = {
      {"--id", !options.id.empty(), scheme.key_id_parameter},
      {"--out", !options.out.empty(), scheme.pem_label},
      {"--auth", !options.auth.empty(), scheme.key_auth_parameter},
      {"--noda", options.noda, scheme.tries_uncounted_parameter},
      {"--pcr", !options.pcr.empty(), scheme.key_state_parameter},
      {"--parent", !options.parent.empty(), scheme.key_parent_parameter},
      {"--owner-passin", !options.owner_passin.empty(), scheme.owner_auth_parameter}};
  for (const SpecialFlag& flag : flags) {
    if (auto applies = CheckApplies(flag, device); !applies) return applies;
  }
  return {};
}

/// The sources of two secrets may be the same file, but a descriptor can be read only once.
Result<void> CheckStreamsDiffer(const NewKeyOptions& options, const KeyOptions& key) {
  const std::pair<const char*, const std::string&> sources[] = {
      {"--auth", options.auth},
      {"--owner-passin", options.owner_passin},
      {"--parent-passin", key.parent_passin}};
  const auto stream = [](const std::string& text) -> std::optional<int> {
    const auto source = SecretSource::Parse(text);
    return source ? source->descriptor() : std::nullopt;
  };
  for (const auto& [option, text] : sources) {
    for (const auto& [other, other_text] : sources) {
      if (&text == &other_text || !stream(text) || stream(text) != stream(other_text)) continue;
      return Fail(ErrorCode::kUsage, fmt::format("{} and {} read the same stream", option, other),
                  "give one of them through another descriptor, fd:N, or in a file, file:PATH");
    }
  }
  return {};
}

/// For a TPM: a secret of the key to make or delete has another flag than that of a key in use.
Result<void> CheckTpmSecrets(const KeyOptions& key, const char* advice) {
  if (key.passin.empty()) return {};
  return Fail(ErrorCode::kUsage, "--passin does not apply to this TPM key", advice);
}

Result<void> CheckSecretsOfNew(const NewKeyOptions& options, const KeyOptions& key) {
  auto good = CheckTpmSecrets(key, "give the new key its auth value with --auth");
  if (!good) return good;
  if (!key.parent_passin.empty() && options.parent.empty()) {
    return Fail(ErrorCode::kUsage, "--parent-passin is given without --parent",
                "give the auth value of the owner hierarchy with --owner-passin");
  }
  return CheckStreamsDiffer(options, key);
}

}  // namespace

void AddOwnerFlag(CLI::App& command, std::string& owner_passin) {
  AddSecret(command, "--owner-passin", owner_passin,
            "Auth value of the TPM's owner hierarchy (default: empty); sources as for --passin")
      ->group(kTpmGroup);
}

void AddKeyTypeFlag(CLI::App& command, std::string& type) {
  command
      .add_option("--type", type,
                  "Type of the key: ec-p256, ec-p384, ec-p521, rsa-2048, rsa-3072, rsa-4096 or, on "
                  "tokens and in files, ed25519")
      ->check(
          OneOf({"ec-p256", "ec-p384", "ec-p521", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"}))
      ->option_text("TYPE")
      ->group(kIdentityGroup);
}

void AddNewKeyFlags(CLI::App& command, NewKeyOptions& options) {
  AddKeyTypeFlag(command, options.type);
  AddText(command, "--id", options.id,
          "Id of the key in hexadecimal, on tokens (default: the SHA-1 of the public key)")
      ->option_text("HEX")
      ->group(kIdentityGroup);
  AddPlace(command, "--out", options.out,
           "Instead of a URI: new file for a key of the TPM, encrypted for it", Place::kPath)
      ->group(kTpmGroup);
  AddSecret(command, "--auth", options.auth,
            "Auth value that the new TPM key gets (default: none); sources as for --passin")
      ->group(kTpmGroup);
  command
      .add_flag("--noda", options.noda,
                "Do not count wrong auth values of the new TPM key (default without --auth)")
      ->group(kTpmGroup);
  AddText(command, "--pcr", options.pcr,
          "PCRs to whose present values a key file is bound: sha256:0,7")
      ->option_text("PCRS")
      ->group(kTpmGroup);
  AddText(command, "--parent", options.parent,
          "Handle of the storage key above the new TPM key (default: the owner's primary key)")
      ->option_text("HANDLE")
      ->group(kTpmGroup);
  AddOwnerFlag(command, options.owner_passin);
}

Result<void> CheckNewKey(const NewKeyOptions& options, const KeyOptions& key,
                         const Scheme& scheme) {
  const bool is_tpm = !scheme.owner_auth_parameter.empty();
  if (is_tpm && !options.pcr.empty() && scheme.key_state_parameter.empty()) {
    return Fail(ErrorCode::kUsage, "--pcr: a handle does not tell the policy of its key",
                "make a key file, which does: --out FILE instead of the URI");
  }
  if (!scheme.pem_label.empty() && options.out.empty()) {
    return Fail(ErrorCode::kUsage, "a new key file is not named by a URI", "name it with --out");
  }
  auto apply = CheckSpecialFlags(options, scheme, scheme.device);
  if (!apply || !is_tpm) return apply;
  return CheckSecretsOfNew(options, key);
}

Result<NewFileKey> ReadNewFileKey(const NewKeyOptions& options, const KeyOptions& key,
                                  const std::string& path) {
  if (auto apply = CheckSpecialFlags(options, Scheme{}, "a plain file"); !apply) {
    return Fail(std::move(apply));
  }
  auto passphrase = ReadFrom("--passin", key.passin);
  if (!passphrase) return Fail(std::move(passphrase));
  if (!key.passin.empty() && passphrase->empty()) {
    return Fail(ErrorCode::kUsage, "--passin: the passphrase is empty",
                "omit --passin for a file that is not encrypted");
  }
  return NewFileKey{path, options.type, *std::move(passphrase)};
}

Result<void> CheckDeletion(const std::string& owner_passin, const KeyOptions& key,
                           const Scheme& scheme) {
  auto applies = CheckApplies(
      {"--owner-passin", !owner_passin.empty(), scheme.owner_auth_parameter}, scheme.device);
  if (!applies || scheme.owner_auth_parameter.empty()) return applies;
  return CheckTpmSecrets(key,
                         "the owner hierarchy deletes keys: give its auth value, if it has "
                         "one, with --owner-passin");
}

Result<NewKey> ReadNewKey(const NewKeyOptions& options) {
  auto id = IdOf(options.id);
  if (!id) return Fail(std::move(id));
  auto auth = ReadFrom("--auth", options.auth);
  if (!auth) return Fail(std::move(auth));
  if (!options.auth.empty() && auth->empty()) {
    return Fail(ErrorCode::kUsage, "--auth: the auth value is empty",
                "omit --auth for a key without one");
  }
  auto owner_auth = ReadOwnerAuth(options.owner_passin);
  if (!owner_auth) return Fail(std::move(owner_auth));
  return NewKey{.type = options.type,
                .id = *std::move(id),
                .file = options.out,
                .parent = options.parent,
                .state = options.pcr,
                .auth = *std::move(auth),
                .tries_uncounted = options.noda,
                .owner_auth = *std::move(owner_auth)};
}

Result<Secret> ReadOwnerAuth(const std::string& owner_passin) {
  return ReadFrom("--owner-passin", owner_passin);
}

std::vector<std::string> SecretFilesOf(const NewKeyOptions& options) {
  std::vector<std::string> files;
  for (const std::string* text : {&options.auth, &options.owner_passin}) {
    const auto source = SecretSource::Parse(*text);
    if (source && source->file()) files.push_back(*source->file());
  }
  return files;
}

}  // namespace credmint::cli
