// SPDX-License-Identifier: Apache-2.0
#include "cli/options/key_home.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "cli/output/terminal_prompt.h"
#include "identity/inventory.h"
#include "identity/key_reference.h"

namespace credmint::cli {
namespace {

using HomeKind = KeyHome::Kind;

/// One line of the list to choose from.
struct OfferedHome {
  std::string text;
  KeyHome home;
};

/// All that is listed there without a login; nothing if the back end fails.
Inventory ListQuietly(KeyOpener& keys, const char* where) {
  auto reference = KeyReference::Parse(where, KeyReference::Use::kAnything);
  if (!reference) return {};
  auto inventory = keys.List(*std::move(reference), false);
  return inventory ? *std::move(inventory) : Inventory();
}

void OfferTokens(std::vector<OfferedHome>& offered, const Inventory& inventory) {
  bool has_free_slot = false;
  for (const InventoryEntry& entry : inventory) {
    if (entry.kind != InventoryEntry::Kind::kToken) continue;
    if (entry.HasFlag("uninitialized")) {
      has_free_slot = true;
    } else {
      offered.push_back(
          {fmt::format("the token '{}'", entry.label), {HomeKind::kToken, entry.label}});
    }
  }
  if (has_free_slot) offered.push_back({"a new token", {HomeKind::kToken}});
}

/// The first handle for users' keys that is free. 0x81000001 belongs to the storage root key.
std::string FreeHandle(const Inventory& inventory) {
  constexpr std::uint32_t kFirst = 0x81000002;
  for (std::uint32_t handle = kFirst;; ++handle) {
    std::string uri = fmt::format("handle:0x{:08x}", handle);
    const bool taken = std::any_of(inventory.begin(), inventory.end(),
                                   [&](const InventoryEntry& entry) { return entry.uri == uri; });
    if (!taken) return uri;
  }
}

void OfferTpm(std::vector<OfferedHome>& offered, const Inventory& inventory) {
  if (inventory.empty()) return;
  std::string handle = FreeHandle(inventory);
  offered.push_back({"the TPM, at " + handle, {HomeKind::kTpm, std::move(handle)}});
  offered.push_back({"a file, encrypted for the TPM", {HomeKind::kTpmFile}});
}

/// A handle with or without its scheme.
std::string HandleOf(const std::string& text) {
  return text.starts_with("handle:") ? text : "handle:" + text;
}

}  // namespace

void AddKeyHomeFlags(CLI::App& command, KeyHomeFlags& flags) {
  AddText(command, "--token", flags.token,
          "Label of the token for the key; a new token is made if there is none")
      ->option_text("LABEL")
      ->group(kIdentityGroup);
  AddText(command, "--tpm", flags.tpm, "Handle in the TPM for the key: 0x81000002")
      ->option_text("HANDLE")
      ->group(kIdentityGroup);
  AddPlace(command, "--tpm-file", flags.tpm_file,
           "New folder for a key file, encrypted for the TPM", Place::kPath)
      ->option_text(kFolderValue)
      ->group(kIdentityGroup);
  AddPlace(command, "--file", flags.file, "New folder for a plain key file", Place::kPath)
      ->option_text(kFolderValue)
      ->group(kIdentityGroup);
}

Result<std::optional<KeyHome>> HomeOf(const KeyHomeFlags& flags) {
  const std::pair<const std::string&, KeyHome> homes[] = {
      {flags.token, {HomeKind::kToken, flags.token}},
      {flags.tpm, {HomeKind::kTpm, HandleOf(flags.tpm)}},
      {flags.tpm_file, {HomeKind::kTpmFile, {}, flags.tpm_file}},
      {flags.file, {HomeKind::kFile, {}, flags.file}}};
  std::optional<KeyHome> found;
  for (const auto& [given, home] : homes) {
    if (given.empty()) continue;
    if (found) {
      return Fail(ErrorCode::kUsage, "more than one place for the key is given",
                  "give one of --token, --tpm, --tpm-file and --file");
    }
    found = home;
  }
  return found;
}

Result<KeyHome> AskForHome(KeyOpener& keys) {
  std::vector<OfferedHome> offered;
  OfferTokens(offered, ListQuietly(keys, "pkcs11:"));
  OfferTpm(offered, ListQuietly(keys, "nv:"));
  offered.push_back({"a plain file, which no device protects", {HomeKind::kFile}});
  std::vector<std::string> texts;
  texts.reserve(offered.size());
  for (const OfferedHome& home : offered) texts.push_back(home.text);
  const auto chosen = AskForChoice("Where shall the private key be?", texts);
  if (!chosen) return Fail(chosen);
  KeyHome home = std::move(offered[*chosen].home);
  if (home.kind != HomeKind::kToken || !home.name.empty()) return home;
  auto label = AskForText("Label of the new token", "prod");
  if (!label) return Fail(std::move(label));
  home.name = *std::move(label);
  return home;
}

}  // namespace credmint::cli
