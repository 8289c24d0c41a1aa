// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/key_command.h"

#include <fmt/format.h>

#include <utility>

#include "base/printable.h"
#include "cli/options/device_place.h"
#include "cli/options/option_groups.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "enrolment/new_key.h"

namespace credmint::cli {
namespace {

/// The scheme of key files alone, for one that is to be made.
constexpr const char* kNewKeyFile = "tss2:";

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
    : app_(app.add_subcommand("key", "Create, delete or attest a key on a token or in the TPM")) {
  app_->preparse_callback([this](std::size_t) {
    app_->require_subcommand(1);
    SetHelp(*app_,
            {.example = "credmint key create 'pkcs11:token=prod;object=new' --type ec-p256"});
    AddCreate();
    AddDelete();
    attest_.emplace(*app_);
    verify_attestation_.emplace(*app_);
  });
}

void KeyCommand::AddCreate() {
  create_ = app_->add_subcommand("create", "Create a key that cannot leave its token or TPM");
  SetHelp(*create_,
          {.needs = "--type, and the URI or --out",
           .example = "credmint key create 'pkcs11:token=prod;object=new' --type ec-p256 \\\n"
                      "  --passin file:pin\n"
                      "credmint key create handle:0x81000003 --type ec-p256\n"
                      "credmint key create --out key.pem --type rsa-2048"});
  AddDevicePlace(
      *create_, uri_,
      "Token and label of the new key, pkcs11:token=TOKEN;object=LABEL, or its handle in "
      "the TPM, handle:0x81…");
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

Result<void> KeyCommand::Run() const {
  if (attest_->app().parsed()) return attest_->Run();
  if (verify_attestation_->app().parsed()) return verify_attestation_->Run();
  StartLog(process_);
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
  const std::string place = new_.out.empty() ? uri_ : kNewKeyFile;
  if (const Scheme* const scheme = FindScheme(place)) {
    if (auto fits = CheckNewKey(new_, key_, *scheme); !fits) return fits;
  }
  auto device = Prepare(place,
                        "name a token, as in 'pkcs11:token=prod;object=web', a handle of the TPM, "
                        "as in handle:0x81000002, or a file for a TPM key with --out");
  if (!device) return Fail(std::move(device));
  auto wishes = ReadNewKey(new_);
  if (!wishes) return Fail(std::move(wishes));
  const auto key =
      CreateKey(device->started.opener.keys(), std::move(device->reference), *std::move(wishes));
  if (!key) return Fail(key);
  return WriteResult(key->uri + "\n");
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

}  // namespace credmint::cli
