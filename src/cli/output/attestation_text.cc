// SPDX-License-Identifier: Apache-2.0
#include "cli/output/attestation_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/pem.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "cli/output/key_text.h"
#include "ossl/encoding.h"
#include "ossl/plain_digest.h"

namespace credmint::cli {
namespace {

using AttestationJson = nlohmann::ordered_json;
using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kProvenText = "proven: the key is in this TPM and cannot leave it";
constexpr const char* kNotYetText =
    "NOT YET PROVEN: the attestation key may not be in this TPM, as no challenge was answered";
constexpr const char* kClaimText =
    "NOT PROVEN: it is what the token claims, and nothing proves that";

constexpr std::pair<std::uint32_t, const char*> kAttributeNames[] = {
    {kFixedTpm, "fixed-tpm"},
    {kFixedParent, "fixed-parent"},
    {kSensitiveDataOrigin, "sensitive-data-origin"},
    {kUserWithAuth, "user-with-auth"},
    {kAdminWithPolicy, "admin-with-policy"},
    {kNoLockout, "no-da"},
    {kRestricted, "restricted"},
    {kDecrypt, "decrypt"},
    {kSign, "sign"},
};

std::vector<std::string> AttributesOf(const KeyArea& area) {
  std::vector<std::string> names;
  for (const auto& [attribute, name] : kAttributeNames) {
    if (area.Has(attribute)) names.emplace_back(name);
  }
  return names;
}

std::string DerText(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string text;
  if (size > 0) text.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string PublicKeyPem(const std::string& der) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio(bio.get(), PEM_STRING_PUBLIC, "", AsBytes(der).data(),
                            static_cast<long>(der.size())) <= 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PolicyText(const AttestedKey& key) {
  if (key.area.policy.empty()) return "none";
  std::string text = "digest " + Hex(key.area.policy);
  if (key.policy) {
    text = fmt::format("PCRs {} with the digest {}{}", NamePcrsOf(*key.policy),
                       Hex(key.policy->pcr_digest),
                       key.policy->wants_auth ? ", and the auth value" : "");
  }
  return key.area.Has(kUserWithAuth) ? text + "; the auth value alone suffices, too" : text;
}

std::string FirmwareText(std::uint64_t version) {
  return fmt::format("{:08x}.{:08x}", version >> 32U, version & 0xffffffffU);
}

std::string FormatRows(const Rows& rows) {
  std::string text;
  for (const auto& [name, value] : rows) {
    text += fmt::format("{:<13} {}\n", name, PrintableUtf8(value));
  }
  return text;
}

std::string FactsText(const TokenClaim::Facts& facts) {
  std::vector<std::string> texts;
  texts.reserve(facts.size());
  for (const auto& [name, value] : facts) texts.push_back(fmt::format("{}={}", name, value));
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

AttestationJson FactsJson(const TokenClaim::Facts& facts) {
  AttestationJson json = AttestationJson::object();
  for (const auto& [name, value] : facts) json[name] = value;
  return json;
}

AttestationJson KeyJson(const char* verdict, EVP_PKEY* key) {
  const std::string der = DerText(key);
  return {{"verdict", verdict},
          {"key", DescribeKey(key)},
          {"publicKeySha256", PlainSha256Hex(der)},
          {"publicKey", PublicKeyPem(der)}};
}

AttestationJson PolicyJson(const AttestedKey& key) {
  if (key.area.policy.empty()) return nullptr;
  AttestationJson json = {{"digest", Hex(key.area.policy)},
                          {"authValueAlone", key.area.Has(kUserWithAuth)}};
  if (!key.policy) return json;
  json["pcrs"] = NamePcrsOf(*key.policy);
  json["pcrDigest"] = Hex(key.policy->pcr_digest);
  json["authValue"] = key.policy->wants_auth;
  return json;
}

std::string JsonLine(const AttestationJson& json) {
  return json.dump(-1, ' ', false, AttestationJson::error_handler_t::replace) + "\n";
}

}  // namespace

std::string FormatAttestedText(const AttestedKey& key, bool is_proven) {
  const std::string der = DerText(key.area.key.get());
  const CertifyStatement& statement = key.statement;
  return FormatRows(
             {{"verdict", is_proven ? kProvenText : kNotYetText},
              {"key", DescribeKey(key.area.key.get())},
              {"public key", "SHA-256 " + PlainSha256Hex(der)},
              {"attributes", fmt::format("{}", fmt::join(AttributesOf(key.area), ", "))},
              {"policy", PolicyText(key)},
              {"TPM", fmt::format("manufacturer {}, model {}, version {}", key.model.manufacturer,
                                  key.model.model, key.model.version)},
              {"certificate", fmt::format("serial {} of {}", key.endorsement.SerialHex(),
                                          key.endorsement.Issuer())},
              {"firmware", FirmwareText(statement.firmware)},
              {"clock",
               fmt::format("{} ms, {} resets, {} restarts, {}", statement.clock, statement.resets,
                           statement.restarts, statement.is_clock_safe ? "safe" : "not safe")}}) +
         PublicKeyPem(der);
}

std::string FormatAttestedJson(const AttestedKey& key, bool is_proven) {
  AttestationJson json = KeyJson(is_proven ? "proven" : "not-yet-proven", key.area.key.get());
  json["attributes"] = AttributesOf(key.area);
  json["policy"] = PolicyJson(key);
  json["tpm"] = {
      {"manufacturer", key.model.manufacturer}, {"model", key.model.model},
      {"version", key.model.version},           {"firmware", FirmwareText(key.statement.firmware)},
      {"clock", key.statement.clock},           {"resets", key.statement.resets},
      {"restarts", key.statement.restarts},     {"clockIsSafe", key.statement.is_clock_safe}};
  json["ekCertificate"] = {{"serial", key.endorsement.SerialHex()},
                           {"issuer", key.endorsement.Issuer()}};
  return JsonLine(json);
}

std::string FormatClaimText(const TokenClaim& claim, EVP_PKEY* key) {
  const std::string der = DerText(key);
  return FormatRows({{"verdict", kClaimText},
                     {"key", DescribeKey(key)},
                     {"public key", "SHA-256 " + PlainSha256Hex(der)},
                     {"token", FactsText(claim.token)},
                     {"attributes", FactsText(claim.attributes)}}) +
         PublicKeyPem(der);
}

std::string FormatClaimJson(const TokenClaim& claim, EVP_PKEY* key) {
  AttestationJson json = KeyJson("claim", key);
  json["token"] = FactsJson(claim.token);
  json["attributes"] = FactsJson(claim.attributes);
  return JsonLine(json);
}

}  // namespace credmint::cli
