// SPDX-License-Identifier: Apache-2.0
#include "identity/inventory.h"

#include <openssl/x509.h>

#include <map>
#include <nlohmann/json.hpp>

#include "ossl/encoding.h"

namespace credmint {
namespace {

using Json = nlohmann::ordered_json;
using Kind = InventoryEntry::Kind;

std::optional<Kind> KindOf(const std::string& name) {
  static const std::map<std::string, Kind> kKinds = {{"module", Kind::kModule},
                                                     {"slot", Kind::kSlot},
                                                     {"token", Kind::kToken},
                                                     {"tpm", Kind::kTpm},
                                                     {"private-key", Kind::kPrivateKey},
                                                     {"public-key", Kind::kPublicKey},
                                                     {"certificate", Kind::kCertificate},
                                                     {"object", Kind::kOther}};
  const auto found = kKinds.find(name);
  return found == kKinds.end() ? std::nullopt : std::optional(found->second);
}

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::shared_ptr<EVP_PKEY> PublicKey(const LibraryContext& context, const Bytes& der) {
  const ErrorMark mark;
  const std::uint8_t* cursor = der.data();
  return {d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(der.size()), context.get(), nullptr),
          EVP_PKEY_free};
}

void SetKey(EVP_PKEY* key, InventoryEntry& entry) {
  if (key == nullptr) return;
  EVP_PKEY_up_ref(key);
  entry.public_key.reset(key, EVP_PKEY_free);
}

void SetCertificate(Certificate certificate, InventoryEntry& entry) {
  SetKey(certificate.public_key(), entry);
  entry.certificate = std::move(certificate);
}

void SetCertificate(const LibraryContext& context, const Bytes& der, InventoryEntry& entry) {
  auto certificate = Certificate::FromDer(context, der);
  if (certificate) SetCertificate(*std::move(certificate), entry);
}

void SetMember(const LibraryContext& context, const std::string& name, const Json& value,
               InventoryEntry& entry) {
  if (name == "kind") return;
  if (name == "label") {
    entry.label = Text(value);
  } else if (name == "id" && value.is_string()) {
    entry.id = Text(value);
  } else if (name == "shortUri") {
    entry.short_uri = Text(value);
  } else if (name == "flags") {
    for (const Json& flag : value) entry.flags.push_back(Text(flag));
  } else if (name == "publicKey") {
    entry.public_key = PublicKey(context, FromBase64(Text(value)));
  } else if (name == "certificate") {
    SetCertificate(context, FromBase64(Text(value)), entry);
  } else if (name == "keyFile") {
    entry.key_file = Text(value);
  } else if (name == "evidence") {
    entry.evidence = value.dump();
  } else {
    entry.facts.emplace_back(name, Text(value));
  }
}

/// Marks objects with the same URI. A URI has only type, id and label, which may all be the same.
void MarkDuplicates(Inventory& inventory) {
  std::map<std::string, int> count;
  const auto is_object = [](const InventoryEntry& entry) {
    return entry.kind > Kind::kTpm && !entry.uri.empty();
  };
  for (const InventoryEntry& entry : inventory) {
    if (is_object(entry)) ++count[entry.uri];
  }
  for (InventoryEntry& entry : inventory) entry.unique = !is_object(entry) || count[entry.uri] == 1;
}

}  // namespace

Result<Inventory> ReadInventory(const LibraryContext& context,
                                const std::vector<StoreName>& names) {
  Inventory inventory;
  for (const StoreName& name : names) {
    const Json json = Json::parse(name.description, nullptr, false);
    if (!json.is_object()) return Fail(ErrorCode::kInternal, "an inventory cannot be read");
    const auto kind = KindOf(json.contains("kind") ? Text(json["kind"]) : "");
    if (!kind) continue;
    InventoryEntry entry;
    entry.kind = *kind;
    entry.uri = name.uri;
    for (const auto& [member, value] : json.items()) SetMember(context, member, value, entry);
    inventory.push_back(std::move(entry));
  }
  MarkDuplicates(inventory);
  return inventory;
}

Inventory FileInventory(const std::string& path, std::span<const PkeyPtr> keys,
                        const std::vector<Certificate>& certificates, const std::string& unusable) {
  Inventory inventory;
  const auto add = [&](Kind kind, bool unique) -> InventoryEntry& {
    inventory.emplace_back();
    inventory.back().kind = kind;
    inventory.back().uri = path;
    inventory.back().unique = unique;
    return inventory.back();
  };
  add(Kind::kFile, true).label = path;
  for (const PkeyPtr& key : keys) SetKey(key.get(), add(Kind::kPrivateKey, keys.size() == 1));
  if (!unusable.empty()) {
    add(Kind::kPrivateKey, true).facts.emplace_back("unusable", unusable);
  }
  for (const Certificate& certificate : certificates) {
    SetCertificate(certificate, add(Kind::kCertificate, certificates.size() == 1));
  }
  return inventory;
}

bool InventoryEntry::HasFlag(std::string_view flag) const {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

bool BelongTogether(const InventoryEntry& a, const InventoryEntry& b) {
  const ErrorMark mark;
  return a.public_key && b.public_key && EVP_PKEY_eq(a.public_key.get(), b.public_key.get()) == 1;
}

}  // namespace credmint
