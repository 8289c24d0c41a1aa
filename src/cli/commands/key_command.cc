// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/key_command.h"

#include <fmt/format.h>

#include <utility>

#include "base/printable.h"
#include "cli/options/device_place.h"
#include "cli/options/option_groups.h"
#include "cli/options/start_library.h"
#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "enrolment/new_file_key.h"
#include "enrolment/new_key.h"
#include "enrolment/reference_file.h"
#include "enrolment/signed_policy.h"

namespace credmint::cli {
namespace {

/// The scheme of key files alone, for one that is to be made.
constexpr const char* kNewKeyFile = "tss2:";

/// How a plain key file is named. A path alone might be a mistyped URI, and its key unprotected.
constexpr const char* kFileUri = "file:";

constexpr const char* kAuthorityOption = "--policy-authority";

/// One line for the key, and for each object that belongs to it.
std::string FormatDeleted(const Inventory& entries) {
  std::string text;
  for (const InventoryEntry& entry : entries) {
    const bool stays = entry.kind == InventoryEntry::Kind::kCertificate;
    text += fmt::format("{}  {}\n", stays ? "kept   " : "deleted", PrintableUtf8(entry.uri));
  }
  return text;
}

/// An answer can take long, and the answer is about the key that the question named.
Result<void> Confirm(KeyOpener& keys, const KeyReference& reference) {
  const auto found = FindKeyToDelete(keys, reference.Clone());
  if (!found) return Fail(found);
  const std::string& uri = found->front().uri;
  const auto confirmed = ConfirmAtTerminal(fmt::format("Delete {}? It cannot be made again.", uri));
  if (!confirmed) return Fail(confirmed);
  if (!*confirmed) return Fail(ErrorCode::kUsage, "nothing was deleted, as nobody typed yes");
  const auto still_found = FindKeyToDelete(keys, reference.Clone());
  if (!still_found) return Fail(still_found);
  if (still_found->front().uri == uri) return {};
  return Fail(ErrorCode::kUsage, "nothing was deleted, as the URI names another key by now",
              "run the command again, and look at the key that it names");
}

}  // namespace

KeyCommand::KeyCommand(CLI::App& app)
    : app_(app.add_subcommand("key",
                              "Create, delete or attest a key on a token, in the TPM or in a file, "
                              "sign its policy, or refer to it")) {
  app_->preparse_callback([this](std::size_t) {
    app_->require_subcommand(1);
    SetHelp(*app_,
            {.example = "credmint key create 'pkcs11:token=prod;object=new' --type ec-p256"});
    AddCreate();
    AddDelete();
    AddSignPolicy();
    AddReference();
    attest_.emplace(*app_);
    verify_attestation_.emplace(*app_);
  });
}

void KeyCommand::AddCreate() {
  create_ =
      app_->add_subcommand("create", "Create a key that cannot leave its token or TPM, or a file");
  SetHelp(*create_,
          {.needs = "--type, and the URI or --out",
           .example = "credmint key create 'pkcs11:token=prod;object=new' --type ec-p256 \\\n"
                      "  --passin file:pin\n"
                      "credmint key create handle:0x81000003 --type ec-p256\n"
                      "credmint key create --out key.pem --type rsa-2048\n"
                      "credmint key create file:web.key --type ec-p256"});
  AddDevicePlace(
      *create_, uri_,
      "Token and label of the new key, pkcs11:token=TOKEN;object=LABEL, its handle in the TPM, "
      "handle:0x81…, or a plain file, file:PATH");
  AddNewKeyFlags(*create_, new_);
  AddTokenFlags(*create_, key_);
  AddProcessFlags(*create_, process_);
}

void KeyCommand::AddDelete() {
  delete_ = app_->add_subcommand("delete", "Delete a private key and its public key");
  SetHelp(*delete_, {.needs = "the URI, and --yes without a terminal",
                     .example = "credmint key delete 'pkcs11:token=prod;object=web' --yes \\\n"
                                "  --passin file:pin"});
  AddDevicePlace(*delete_, uri_, "Key to delete: pkcs11:token=TOKEN;object=LABEL or handle:0x81…");
  delete_->add_flag("--yes", yes_, "Delete the key without asking")->group(kIdentityGroup);
  AddOwnerFlag(*delete_, new_.owner_passin);
  AddTokenFlags(*delete_, key_);
  AddProcessFlags(*delete_, process_);
}

void KeyCommand::AddSignPolicy() {
  sign_policy_ =
      app_->add_subcommand("sign-policy", "Sign a policy under which a TPM key file can be used");
  SetHelp(*sign_policy_,
          {.needs = "--private-key, --policy-authority, and --pcr or --policy",
           .example = "credmint key create --out web.tss2 --type ec-p256 \\\n"
                      "  --policy-authority officer.pem\n"
                      "credmint key sign-policy --private-key web.tss2 --pcr sha256:0,7 \\\n"
                      "  --policy-authority officer.key"});
  AddPlace(*sign_policy_, "--private-key", key_file_,
           "Key file, made with --policy-authority, which gets the signed policy", Place::kPath)
      ->group(kIdentityGroup);
  AddSignedPolicyFlags(*sign_policy_, new_);
  sign_policy_
      ->add_flag("--keep-old", keep_old_, "Keep the earlier signed policies, of which any will do")
      ->group(kTpmGroup);
  AddTokenFlags(*sign_policy_, key_);
  AddProcessFlags(*sign_policy_, process_);
}

void KeyCommand::AddReference() {
  reference_ = app_->add_subcommand(
      "reference",
      "Write a file that leads to a key on a token, for programs that open only files");
  SetHelp(*reference_,
          {.needs = "the URI and --out",
           .example = "credmint key reference \\\n"
                      "  \"pkcs11:token=prod;object=web?pin-source=file:$PWD/pin\" --out web.ref"});
  AddDevicePlace(*reference_, uri_,
                 "Key: pkcs11:token=TOKEN;object=LABEL, with the pin-source that others need");
  AddPlace(*reference_, "--out", new_.out, "New file that holds the URI", Place::kPath)
      ->group(kIdentityGroup);
  AddTokenFlags(*reference_, key_);
  AddProcessFlags(*reference_, process_);
}

Result<void> KeyCommand::Run() const {
  if (attest_->app().parsed()) return attest_->Run();
  if (verify_attestation_->app().parsed()) return verify_attestation_->Run();
  StartLog(process_);
  if (sign_policy_->parsed()) return SignPolicy();
  if (reference_->parsed()) return WriteReference();
  return create_->parsed() ? Create() : Delete();
}

Result<OpenDevice> KeyCommand::Prepare(const std::string& place, const char* form) const {
  ProcessOptions process = process_;
  process.secret_files = SecretFilesOf(new_);
  return PrepareDevice(place, KeyReference::Use::kPrivateKeyToChange, key_, process, form);
}

Result<void> KeyCommand::Create() const {
  if (new_.type.empty()) {
    return Fail(ErrorCode::kUsage, "--type is missing", "give the type of the key: --type ec-p256");
  }
  if (!uri_.empty() && !new_.out.empty()) {
    return Fail(ErrorCode::kUsage, "--out and a URI are given",
                "a key is at the place of the URI or in the file: give one of them");
  }
  if (uri_.starts_with(kFileUri)) return CreateInFile();
  const std::string place = new_.out.empty() ? uri_ : kNewKeyFile;
  if (const Scheme* const scheme = FindScheme(place)) {
    if (auto fits = CheckNewKey(new_, key_, *scheme); !fits) return fits;
  }
  auto device = Prepare(place,
                        "name a token, 'pkcs11:token=prod;object=web', a handle of the TPM, "
                        "handle:0x81000002, a plain file, file:PATH, or with --out a TPM key file");
  if (!device) return Fail(std::move(device));
  auto wishes = ReadNewKey(new_);
  if (!wishes) return Fail(std::move(wishes));
  KeyOpener& keys = device->started.opener.keys();
  if (wishes->under_authority) {
    auto authority = OpenAuthorityOfNew(device->started);
    if (!authority) return Fail(std::move(authority));
    keys.SetPolicySigner(*std::move(authority));
  }
  const auto key = CreateKey(keys, std::move(device->reference), *std::move(wishes));
  if (!key) return Fail(key);
  return WriteResult(key->uri + "\n");
}

Result<void> KeyCommand::CreateInFile() const {
  const auto reference = KeyReference::Parse(uri_, KeyReference::Use::kPrivateKeyToChange);
  if (!reference) return Fail(Error(reference.error()).In("the URI"));
  const auto key = ReadNewFileKey(new_, key_, reference->text());
  if (!key) return Fail(Error(key.error()));
  const auto library = StartLibrary(process_);
  if (!library) return Fail(Error(library.error()));
  if (auto made = CreateFileKey(*library, *key); !made) return made;
  return WriteResult(key->path + "\n");
}

Result<void> KeyCommand::Delete() const {
  if (const Scheme* const scheme = FindScheme(uri_)) {
    if (auto fits = CheckDeletion(new_.owner_passin, key_, *scheme); !fits) return fits;
  }
  if (!yes_ && !HasTerminal()) {
    return Fail(ErrorCode::kUsage, "--yes is missing, and there is no terminal to ask at",
                "a deleted key cannot be made again: give --yes if it shall go");
  }
  auto device = Prepare(uri_,
                        "name a key on a token, as in 'pkcs11:token=prod;object=web', or in the "
                        "TPM, as in handle:0x81000002; delete a key file as any other file");
  if (!device) return Fail(std::move(device));
  auto owner_auth = ReadOwnerAuth(new_.owner_passin);
  if (!owner_auth) return Fail(std::move(owner_auth));
  KeyOpener& keys = device->started.opener.keys();
  if (!yes_) {
    if (auto confirmed = Confirm(keys, device->reference); !confirmed) return confirmed;
  }
  const auto deleted = DeleteKey(keys, std::move(device->reference), *std::move(owner_auth));
  if (!deleted) return Fail(deleted);
  return WriteResult(FormatDeleted(*deleted));
}

Result<std::shared_ptr<const SigningKey>> KeyCommand::OpenAuthorityOfNew(
    StartedOpener& started) const {
  auto reference = KeyReference::Parse(new_.policy_authority, KeyReference::Use::kPrivateKey);
  if (!reference) return Fail(std::move(reference), kAuthorityOption);
  auto key = OpenPublicAuthority(*started.library, started.opener.keys(), *std::move(reference));
  if (!key) return Fail(std::move(key), kAuthorityOption);
  return key;
}

/// The authority's key is the one that signs here, and all secrets are its own.
Result<StartedOpener> KeyCommand::PrepareToSign() const {
  const auto reference = KeyReference::Parse(new_.policy_authority, KeyReference::Use::kPrivateKey);
  if (!reference) return Fail(Error(reference.error()).In(kAuthorityOption));
  KeyOptions key = key_;
  key.private_key = new_.policy_authority;
  auto identity = WithoutPlace(ParseIdentity(key));
  if (!identity) return Fail(std::move(identity));
  return StartOpener(*std::move(identity), process_);
}

Result<void> KeyCommand::SignPolicy() const {
  const std::pair<const char*, const std::string&> needed[] = {
      {"--private-key", key_file_}, {kAuthorityOption, new_.policy_authority}};
  for (const auto& [option, value] : needed) {
    if (!value.empty()) continue;
    return Fail(ErrorCode::kUsage, fmt::format("{} is missing", option),
                "give the key file with --private-key, and the key that signs with "
                "--policy-authority");
  }
  if (new_.pcr.empty() && new_.policy.empty()) {
    return Fail(ErrorCode::kUsage, "--pcr and --policy are missing",
                "say what the policy demands with one of them, or both");
  }
  auto policy = ReadPolicyFile(new_.policy);
  if (!policy) return Fail(std::move(policy));
  auto started = PrepareToSign();
  if (!started) return Fail(std::move(started));
  auto authority = started->opener.OpenKey();
  if (!authority) return Fail(std::move(authority), kAuthorityOption);
  const UnsignedPolicy wanted{.key_file = key_file_,
                              .out = new_.out,
                              .state = new_.pcr,
                              .policy = *std::move(policy),
                              .keep_old = keep_old_};
  auto is_signed = credmint::SignPolicy(started->opener.keys(), *std::move(authority), wanted);
  if (!is_signed) return is_signed;
  return WriteResult((new_.out.empty() ? key_file_ : new_.out) + "\n");
}

Result<void> KeyCommand::WriteReference() const {
  if (new_.out.empty()) {
    return Fail(ErrorCode::kUsage, "--out is missing", "give the file to write: --out web.ref");
  }
  auto device = Prepare(uri_, "name a key on a token, as in 'pkcs11:token=prod;object=web'");
  if (!device) return Fail(std::move(device));
  auto written =
      WriteReferenceFile(device->started.opener.keys(), std::move(device->reference), new_.out);
  if (!written) return written;
  return WriteResult(new_.out + "\n");
}

}  // namespace credmint::cli
