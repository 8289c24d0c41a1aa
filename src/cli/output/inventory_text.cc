// SPDX-License-Identifier: Apache-2.0
#include "cli/output/inventory_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "base/time_left.h"
#include "base/timestamp.h"
#include "cli/output/key_text.h"

namespace credmint::cli {
namespace {

using Json = nlohmann::ordered_json;
using Kind = InventoryEntry::Kind;

std::string Fact(const InventoryEntry& entry, std::string_view name) {
  for (const auto& [key, value] : entry.facts) {
    if (key == name) return PrintableUtf8(value);
  }
  return {};
}

/// "private key 'web' id 01". An object without label and id, as in files, has its kind only.
std::string Named(std::string_view kind, const InventoryEntry& entry) {
  if (entry.label.empty() && entry.id.empty()) return std::string(kind);
  return fmt::format("{} '{}'{}{}", kind, PrintableUtf8(entry.label),
                     entry.id.empty() ? "" : " id ", entry.id);
}

std::string NamedKey(const InventoryEntry& key) {
  return Named(key.kind == Kind::kPrivateKey ? "private key" : "public key", key);
}

/// The URIs, each on its line: the short one first.
std::string UriLines(const InventoryEntry& entry, std::size_t indent) {
  std::string text;
  if (!entry.short_uri.empty()) text = fmt::format("{:{}}{}\n", "", indent, entry.short_uri);
  return text + fmt::format("{:{}}{}{}\n", "", indent, entry.uri,
                            entry.unique ? "" : "   (another object has the same URI)");
}

/// The entries inside the token, file or TPM at index `token`.
std::span<const InventoryEntry> Contents(const Inventory& inventory, std::size_t token) {
  std::size_t end = token + 1;
  while (end < inventory.size() && inventory[end].kind > Kind::kTpm) ++end;
  return std::span(inventory).subspan(token + 1, end - token - 1);
}

/// True if the private key is listed too; the public key is then not shown.
bool HasPrivateHalf(const InventoryEntry& entry, std::span<const InventoryEntry> contents) {
  return std::any_of(contents.begin(), contents.end(), [&](const InventoryEntry& other) {
    return other.kind == Kind::kPrivateKey && BelongTogether(entry, other);
  });
}

bool IsShownKey(const InventoryEntry& entry, std::span<const InventoryEntry> contents) {
  if (entry.kind == Kind::kPrivateKey) return true;
  return entry.kind == Kind::kPublicKey && !HasPrivateHalf(entry, contents);
}

std::vector<const InventoryEntry*> CertificatesOf(const InventoryEntry& key,
                                                  std::span<const InventoryEntry> contents) {
  std::vector<const InventoryEntry*> certificates;
  for (const InventoryEntry& entry : contents) {
    if (entry.kind == Kind::kCertificate && BelongTogether(key, entry)) {
      certificates.push_back(&entry);
    }
  }
  return certificates;
}

const InventoryEntry* KeyOf(const InventoryEntry& certificate,
                            std::span<const InventoryEntry> contents) {
  for (const InventoryEntry& entry : contents) {
    if (IsShownKey(entry, contents) && BelongTogether(certificate, entry)) return &entry;
  }
  return nullptr;
}

std::string KeyText(const InventoryEntry& key, std::span<const InventoryEntry> contents) {
  std::string text =
      fmt::format("      {}: {}{}{}\n{}", NamedKey(key), DescribeKey(key.public_key.get()),
                  key.flags.empty() ? "" : ", ", fmt::join(key.flags, ", "), UriLines(key, 8));
  if (const std::string scheme = Fact(key, "scheme"); !scheme.empty()) {
    text += fmt::format("        signs {} only\n", scheme);
  }
  if (const std::string reason = Fact(key, "unusable"); !reason.empty()) {
    text += fmt::format("        not usable: {}\n", reason);
  }
  for (const InventoryEntry* certificate : CertificatesOf(key, contents)) {
    const bool has_name = !certificate->label.empty() || !certificate->id.empty();
    const std::string subject =
        certificate->certificate ? PrintableUtf8(certificate->certificate->Subject()) : "";
    text += fmt::format("        {}\n",
                        has_name ? Named("certificate", *certificate) : "certificate " + subject);
  }
  return text;
}

std::string CannotBeRead(const InventoryEntry& entry) {
  const std::string error = Fact(entry, "error");
  return fmt::format("        it cannot be read{}{}\n", error.empty() ? "" : ": ", error);
}

std::string CertificateText(const InventoryEntry& entry, std::span<const InventoryEntry> contents,
                            std::chrono::system_clock::time_point now) {
  std::string text = fmt::format("      {}\n{}", Named("certificate", entry), UriLines(entry, 8));
  if (!entry.certificate) return text + CannotBeRead(entry);
  const Certificate& certificate = *entry.certificate;
  text += fmt::format("        subject {}\n        issuer  {}\n        serial  {}\n",
                      PrintableUtf8(certificate.Subject()), PrintableUtf8(certificate.Issuer()),
                      certificate.SerialHex());
  text += fmt::format(
      "        expires {} ({})\n", FormatTimestamp(certificate.NotAfter()),
      certificate.NotAfter() < now ? "expired" : TimeLeft(certificate.NotAfter(), now) + " left");
  if (const InventoryEntry* key = KeyOf(entry, contents)) {
    text += fmt::format("        {}\n", NamedKey(*key));
  }
  return text;
}

/// An object that is neither a key nor a certificate.
std::string OtherText(const InventoryEntry& entry) {
  const std::string type = Fact(entry, "type");
  return fmt::format("      {}{}{}\n{}", Named(type.empty() ? "object" : type, entry),
                     entry.flags.empty() ? "" : ": ", fmt::join(entry.flags, ", "),
                     Fact(entry, "error").empty() ? "" : CannotBeRead(entry));
}

std::string ContentsText(std::span<const InventoryEntry> contents,
                         std::chrono::system_clock::time_point now) {
  std::string text;
  for (const InventoryEntry& entry : contents) {
    if (IsShownKey(entry, contents)) text += KeyText(entry, contents);
    if (entry.kind == Kind::kCertificate) text += CertificateText(entry, contents, now);
    if (entry.kind == Kind::kOther) text += OtherText(entry);
  }
  return text;
}

/// Whether a login is possible, and may show more.
bool WantsLogin(const InventoryEntry& token) {
  return token.HasFlag("login-required") && !token.HasFlag("no-user-pin") &&
         !token.HasFlag("pin-locked");
}

std::string TokenText(const InventoryEntry& token, std::span<const InventoryEntry> contents,
                      const InventoryView& view) {
  std::string text = fmt::format(
      "    token '{}': {}, {}, serial {}\n{}", PrintableUtf8(token.label), Fact(token, "model"),
      Fact(token, "manufacturer"), Fact(token, "serial"), UriLines(token, 6));
  if (!token.flags.empty()) text += fmt::format("      {}\n", fmt::join(token.flags, ", "));
  if (const std::string error = Fact(token, "error"); !error.empty()) {
    text += fmt::format("      it cannot be read: {}\n", error);
  }
  if (!view.logged_in && WantsLogin(token)) {
    text += "      private keys appear after a login: add --login, or --passin SOURCE\n";
  }
  return text + ContentsText(contents, view.now);
}

std::string TpmText(const InventoryEntry& tpm, std::span<const InventoryEntry> contents,
                    std::chrono::system_clock::time_point now) {
  return fmt::format("TPM: {} {}, firmware {}, {}\n{}", Fact(tpm, "manufacturer"),
                     Fact(tpm, "model"), Fact(tpm, "firmware"), Fact(tpm, "specification"),
                     UriLines(tpm, 2)) +
         ContentsText(contents, now);
}

std::string FileText(const InventoryEntry& file, std::span<const InventoryEntry> contents,
                     std::chrono::system_clock::time_point now) {
  std::string text = fmt::format("file {}\n", PrintableUtf8(file.label));
  if (const std::string warning = Fact(file, "warning"); !warning.empty()) {
    text += fmt::format("  warning: it holds a private key, and {}\n", warning);
  }
  return text + ContentsText(contents, now);
}

Json UriJson(const InventoryEntry& entry) {
  Json json = {{"uri", entry.uri}};
  if (!entry.short_uri.empty()) json["shortUri"] = entry.short_uri;
  return json;
}

Json ObjectJson(const InventoryEntry& entry) {
  Json json = UriJson(entry);
  json["unique"] = entry.unique;
  json["label"] = entry.label;
  json["id"] = entry.id;
  return json;
}

Json KeyJson(const InventoryEntry& key, std::span<const InventoryEntry> contents) {
  Json json = ObjectJson(key);
  json["private"] = key.kind == Kind::kPrivateKey;
  if (const EVP_PKEY* pkey = key.public_key.get(); pkey != nullptr) {
    json["type"] = EVP_PKEY_get0_type_name(pkey);
    json["bits"] = EVP_PKEY_get_bits(pkey);
    if (const std::string curve = CurveOf(pkey); !curve.empty()) json["curve"] = curve;
  }
  json["flags"] = key.flags;
  for (const auto& [name, value] : key.facts) json[name] = value;
  json["certificates"] = Json::array();
  for (const InventoryEntry* certificate : CertificatesOf(key, contents)) {
    json["certificates"].push_back(certificate->uri);
  }
  return json;
}

Json CertificateJson(const InventoryEntry& entry, std::span<const InventoryEntry> contents) {
  Json json = ObjectJson(entry);
  if (entry.certificate) {
    json["subject"] = entry.certificate->Subject();
    json["issuer"] = entry.certificate->Issuer();
    json["serial"] = entry.certificate->SerialHex();
    json["notBefore"] = FormatTimestamp(entry.certificate->NotBefore());
    json["notAfter"] = FormatTimestamp(entry.certificate->NotAfter());
  }
  for (const auto& [name, value] : entry.facts) json[name] = value;
  const InventoryEntry* key = KeyOf(entry, contents);
  json["key"] = key != nullptr ? Json(key->uri) : Json();
  return json;
}

Json FactsJson(const InventoryEntry& entry) {
  Json json = UriJson(entry);
  for (const auto& [name, value] : entry.facts) json[name] = value;
  return json;
}

Json OtherJson(const InventoryEntry& entry) {
  Json json = {{"label", entry.label}, {"flags", entry.flags}};
  for (const auto& [name, value] : entry.facts) json[name] = value;
  return json;
}

void AddContents(std::span<const InventoryEntry> contents, Json& json) {
  json["keys"] = Json::array();
  json["certificates"] = Json::array();
  for (const InventoryEntry& entry : contents) {
    if (IsShownKey(entry, contents)) json["keys"].push_back(KeyJson(entry, contents));
    if (entry.kind == Kind::kCertificate) {
      json["certificates"].push_back(CertificateJson(entry, contents));
    }
  }
}

Json TokenJson(const InventoryEntry& token, std::span<const InventoryEntry> contents) {
  Json json = FactsJson(token);
  json["label"] = token.label;
  json["flags"] = token.flags;
  AddContents(contents, json);
  return json;
}

Json TpmJson(const InventoryEntry& tpm, std::span<const InventoryEntry> contents) {
  Json json = FactsJson(tpm);
  AddContents(contents, json);
  json["others"] = Json::array();
  for (const InventoryEntry& entry : contents) {
    if (entry.kind == Kind::kOther) json["others"].push_back(OtherJson(entry));
  }
  return json;
}

Json FileJson(const InventoryEntry& file, std::span<const InventoryEntry> contents) {
  Json json = FactsJson(file);
  AddContents(contents, json);
  return json;
}

}  // namespace

std::string FormatInventoryText(const Inventory& inventory, const InventoryView& view) {
  std::string text;
  for (std::size_t i = 0; i < inventory.size(); ++i) {
    const InventoryEntry& entry = inventory[i];
    if (entry.kind == Kind::kModule) {
      text +=
          fmt::format("module {}: {}, {} {}\n{}", Fact(entry, "path"), Fact(entry, "description"),
                      Fact(entry, "manufacturer"), Fact(entry, "version"), UriLines(entry, 2));
    }
    if (entry.kind == Kind::kSlot) {
      const bool empty = i + 1 == inventory.size() || inventory[i + 1].kind != Kind::kToken;
      text += fmt::format("  slot {}: {}{}\n{}", Fact(entry, "number"), Fact(entry, "description"),
                          empty ? " (empty)" : "", UriLines(entry, 4));
    }
    if (entry.kind == Kind::kToken) text += TokenText(entry, Contents(inventory, i), view);
    if (entry.kind == Kind::kFile) text += FileText(entry, Contents(inventory, i), view.now);
    if (entry.kind == Kind::kTpm) text += TpmText(entry, Contents(inventory, i), view.now);
  }
  return text;
}

std::string FormatInventoryJson(const Inventory& inventory) {
  Json all = Json::object();
  for (std::size_t i = 0; i < inventory.size(); ++i) {
    const InventoryEntry& entry = inventory[i];
    if (entry.kind == Kind::kFile) all["files"].push_back(FileJson(entry, Contents(inventory, i)));
    if (entry.kind == Kind::kTpm) all["tpms"].push_back(TpmJson(entry, Contents(inventory, i)));
    if (entry.kind == Kind::kModule) {
      all["modules"].push_back(FactsJson(entry));
      all["modules"].back()["slots"] = Json::array();
    }
    if (!all.contains("modules")) continue;
    Json& slots = all["modules"].back()["slots"];
    if (entry.kind == Kind::kSlot) {
      slots.push_back(FactsJson(entry));
      slots.back()["token"] = nullptr;
    }
    if (entry.kind == Kind::kToken && !slots.empty()) {
      slots.back()["token"] = TokenJson(entry, Contents(inventory, i));
    }
  }
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace credmint::cli
