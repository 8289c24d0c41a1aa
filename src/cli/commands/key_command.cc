// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/key_command.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "cli/options/device_place.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "enrolment/new_key.h"

namespace credmint::cli {
namespace {

Result<Bytes> IdOf(std::string_view hex) {
  constexpr std::size_t kLongest = 2 * 64;
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

/// One line for the key, and for each object that belongs to it.
std::string FormatDeleted(const Inventory& entries) {
  std::string text;
  for (const InventoryEntry& entry : entries) {
    const bool stays = entry.kind == InventoryEntry::Kind::kCertificate;
    text += fmt::format("{}  {}\n", stays ? "kept   " : "deleted", PrintableUtf8(entry.uri));
  }
  return text;
}

}  // namespace

KeyCommand::KeyCommand(CLI::App& app)
    : app_(app.add_subcommand("key", "Create or delete a key on a token")) {
  app_->preparse_callback([this](std::size_t) {
    app_->require_subcommand(1);
    SetHelp(*app_,
            {.example = "credmint key create 'pkcs11:token=prod;object=new' --type ec-p256"});
    AddCreate();
    AddDelete();
  });
}

void KeyCommand::AddCreate() {
  create_ = app_->add_subcommand("create", "Create a key that cannot leave its token");
  SetHelp(*create_,
          {.needs = "the URI and --type",
           .example = "credmint key create 'pkcs11:token=prod;object=new' --type ec-p256 \\\n"
                      "  --passin file:pin"});
  AddDevicePlace(*create_, uri_,
                 "Token, and label of the new key: pkcs11:token=TOKEN;object=LABEL");
  create_
      ->add_option("--type", type_,
                   "Type of the key: ec-p256, ec-p384, ec-p521, rsa-2048, rsa-3072, rsa-4096 or "
                   "ed25519")
      ->check(
          OneOf({"ec-p256", "ec-p384", "ec-p521", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"}))
      ->option_text("TYPE")
      ->group(kIdentityGroup);
  AddText(*create_, "--id", id_,
          "Id of the key in hexadecimal (default: the SHA-1 of the public key)")
      ->option_text("HEX")
      ->group(kIdentityGroup);
  AddTokenFlags(*create_, key_);
  AddProcessFlags(*create_, process_);
}

void KeyCommand::AddDelete() {
  delete_ = app_->add_subcommand("delete", "Delete a private key and its public key");
  SetHelp(*delete_, {.needs = "the URI, and --yes without a terminal",
                     .example = "credmint key delete 'pkcs11:token=prod;object=web' --yes \\\n"
                                "  --passin file:pin"});
  AddDevicePlace(*delete_, uri_, "Key to delete: pkcs11:token=TOKEN;object=LABEL");
  delete_->add_flag("--yes", yes_, "Delete the key without asking")->group(kIdentityGroup);
  AddTokenFlags(*delete_, key_);
  AddProcessFlags(*delete_, process_);
}

Result<void> KeyCommand::Run() const {
  StartLog(process_);
  return create_->parsed() ? Create() : Delete();
}

Result<void> KeyCommand::Create() const {
  if (type_.empty()) {
    return Fail(ErrorCode::kUsage, "--type is missing", "give the type of the key: --type ec-p256");
  }
  auto id = IdOf(id_);
  if (!id) return Fail(std::move(id));
  auto device = PrepareDevice(uri_, KeyReference::Use::kPrivateKey, key_, process_);
  if (!device) return Fail(std::move(device));
  const auto key = CreateKey(device->opener.keys(), std::move(device->reference),
                             {.type = type_, .id = *std::move(id)});
  if (!key) return Fail(key);
  return WriteResult(key->uri + "\n");
}

Result<void> KeyCommand::Delete() const {
  if (!yes_ && !HasTerminal()) {
    return Fail(ErrorCode::kUsage, "--yes is missing, and there is no terminal to ask at",
                "a deleted key cannot be made again: give --yes if it shall go");
  }
  auto device = PrepareDevice(uri_, KeyReference::Use::kPrivateKey, key_, process_);
  if (!device) return Fail(std::move(device));
  KeyOpener& keys = device->opener.keys();
  if (!yes_) {
    const auto found = FindKeyToDelete(keys, device->reference.Clone());
    if (!found) return Fail(found);
    const auto confirmed =
        ConfirmAtTerminal(fmt::format("Delete {}? It cannot be made again.", found->front().uri));
    if (!confirmed) return Fail(confirmed);
    if (!*confirmed) return Fail(ErrorCode::kUsage, "nothing was deleted, as nobody typed yes");
  }
  const auto deleted = DeleteKey(keys, std::move(device->reference));
  if (!deleted) return Fail(deleted);
  return WriteResult(FormatDeleted(*deleted));
}

}  // namespace credmint::cli
