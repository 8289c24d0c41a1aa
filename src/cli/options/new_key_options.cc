// SPDX-License-Identifier: Apache-2.0
#include "cli/options/new_key_options.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/read_file.h"
#include "cli/options/hex_text.h"
#include "cli/options/option_groups.h"
#include "cli/options/secret_option.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

Result<Bytes> IdOf(std::string_view hex) {
  constexpr std::size_t kLongest = 64;
  auto id = ParseHex(hex);
  if (id && id->size() <= kLongest) return *std::move(id);
  return Fail(ErrorCode::kUsage, "--id: it is not an id of 1 to 64 bytes in hexadecimal",
              "write two digits for each byte: --id 01");
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
      {"--policy", !options.policy.empty(), scheme.key_policy_parameter},
      {"--policy-authority", !options.policy_authority.empty(), scheme.key_authority_parameter},
      {"--parent", !options.parent.empty(), scheme.key_parent_parameter},
      {"--owner-passin", !options.owner_passin.empty(), scheme.owner_auth_parameter}};
  for (const SpecialFlag& flag : flags) {
    if (auto applies = CheckApplies(flag, device); !applies) return applies;
  }
  return {};
}

/// For a TPM: a secret of the key to make or delete has another flag than that of a key in use.
Result<void> CheckTpmSecrets(const KeyOptions& key, const char* advice) {
  if (key.passin.empty()) return {};
  return Fail(ErrorCode::kUsage, "--passin does not apply to this TPM key", advice);
}

Result<void> CheckPlaceOfPolicy(const NewKeyOptions& options, const Scheme& scheme) {
  const std::pair<const char*, const std::string&> flags[] = {
      {"--pcr", options.pcr},
      {"--policy", options.policy},
      {"--policy-authority", options.policy_authority}};
  for (const auto& [option, value] : flags) {
    if (value.empty() || !scheme.key_policy_parameter.empty()) continue;
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: a handle does not tell the policy of its key", option),
                "make a key file, which does: --out FILE instead of the URI");
  }
  return {};
}

Result<void> CheckAuthorityIsAlone(const NewKeyOptions& options) {
  if (options.pcr.empty() && options.policy.empty()) return {};
  return Fail(ErrorCode::kUsage,
              fmt::format("{} and --policy-authority are given",
                          options.pcr.empty() ? "--policy" : "--pcr"),
              "leave it out, and have the authority sign it for the new key: credmint key "
              "sign-policy");
}

Result<void> CheckSecretsOfNew(const NewKeyOptions& options, const KeyOptions& key) {
  const bool has_authority = !options.policy_authority.empty();
  auto good = has_authority ? CheckAuthorityIsAlone(options)
                            : CheckTpmSecrets(key, "give the new key its auth value with --auth");
  if (!good) return good;
  if (!key.parent_passin.empty() && options.parent.empty()) {
    return Fail(ErrorCode::kUsage, "--parent-passin is given without --parent",
                "give the auth value of the owner hierarchy with --owner-passin");
  }
  return CheckStreamsDiffer(
      std::to_array<SecretSourceOption>({{"--auth", options.auth},
                                         {"--owner-passin", options.owner_passin},
                                         {"--parent-passin", key.parent_passin}}));
}

void AddAuthorityFlag(CLI::App& command, NewKeyOptions& options, const char* description) {
  AddPlace(command, "--policy-authority", options.policy_authority, description, Place::kPathOrUri)
      ->group(kTpmGroup);
}

}  // namespace

void AddSignedPolicyFlags(CLI::App& command, NewKeyOptions& options) {
  AddAuthorityFlag(command, options, "Key that signs the policy; forms as for --private-key");
  AddPlace(command, "--policy", options.policy,
           "File with the policy: a line of hexadecimal digits for each step", Place::kPath)
      ->group(kTpmGroup);
  AddText(command, "--pcr", options.pcr, "PCRs whose present values the policy demands: sha256:0,7")
      ->option_text("PCRS")
      ->group(kTpmGroup);
  AddPlace(command, "--out", options.out,
           "New file for the key with its signed policy (default: the file is replaced)",
           Place::kPath)
      ->group(kTpmGroup);
}

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
      ->check(OneOf({"ec-p256", "ec-p384", "ec-p521", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519",
                     "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"}))
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
  AddPlace(command, "--policy", options.policy,
           "File with the policy under which alone a key file can be used: a line of hexadecimal "
           "digits for each step",
           Place::kPath)
      ->group(kTpmGroup);
  AddAuthorityFlag(
      command, options,
      "Key whose owner signs the policies of the new key file; a public key is enough");
  AddText(command, "--parent", options.parent,
          "Handle of the storage key above the new TPM key (default: the owner's primary key)")
      ->option_text("HANDLE")
      ->group(kTpmGroup);
  AddOwnerFlag(command, options.owner_passin);
}

Result<void> CheckNewKey(const NewKeyOptions& options, const KeyOptions& key,
                         const Scheme& scheme) {
  const bool is_tpm = !scheme.owner_auth_parameter.empty();
  if (auto fits = CheckPlaceOfPolicy(options, scheme); is_tpm && !fits) return fits;
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
  auto passphrase = ReadSecret({"--passin", key.passin});
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
  auto auth = ReadSecret({"--auth", options.auth});
  if (!auth) return Fail(std::move(auth));
  if (!options.auth.empty() && auth->empty()) {
    return Fail(ErrorCode::kUsage, "--auth: the auth value is empty",
                "omit --auth for a key without one");
  }
  auto policy = ReadPolicyFile(options.policy);
  if (!policy) return Fail(std::move(policy));
  auto owner_auth = ReadOwnerAuth(options.owner_passin);
  if (!owner_auth) return Fail(std::move(owner_auth));
  return NewKey{.type = options.type,
                .id = *std::move(id),
                .file = options.out,
                .parent = options.parent,
                .state = options.pcr,
                .policy = *std::move(policy),
                .under_authority = !options.policy_authority.empty(),
                .auth = *std::move(auth),
                .tries_uncounted = options.noda,
                .owner_auth = *std::move(owner_auth)};
}

Result<Bytes> ReadPolicyFile(const std::string& path) {
  constexpr std::size_t kLongest = 65536;
  if (path.empty()) return Bytes();
  auto contents = ReadFile(path, kLongest);
  if (!contents) return Fail(std::move(contents), "--policy");
  const ByteView bytes = AsBytes(contents->Reveal());
  return Bytes(bytes.begin(), bytes.end());
}

Result<Secret> ReadOwnerAuth(const std::string& owner_passin) {
  return ReadSecret({"--owner-passin", owner_passin});
}

std::vector<std::string> SecretFilesOf(const NewKeyOptions& options) {
  std::vector<std::string> files = SecretFilesOf(std::to_array<SecretSourceOption>(
      {{"--auth", options.auth}, {"--owner-passin", options.owner_passin}}));
  const auto authority =
      KeyReference::Parse(options.policy_authority, KeyReference::Use::kPrivateKey);
  if (authority && authority->is_path()) files.push_back(authority->text());
  return files;
}

}  // namespace credmint::cli
