// SPDX-License-Identifier: Apache-2.0
#include "attestation/attestation_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ossl/encoding.h"

namespace credmint {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr const char* kAttestationFormat = "credmint-key-attestation";
constexpr const char* kChallengeFormat = "credmint-key-challenge";
constexpr const char* kAnswerFormat = "credmint-key-answer";
constexpr std::size_t kMostCertificates = 8;
constexpr std::size_t kMostFacts = 32;

Json HeaderOf(const char* format) { return {{"format", format}, {"version", kVersion}}; }

std::string Text(const Json& json) {
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

/// The object of a file of this format and version.
Result<Json> ParseFile(std::string_view text, const char* format) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("format", Json()) != format) {
    return Fail(ErrorCode::kAttestation, fmt::format("it is not a file of the format {}", format));
  }
  if (json.value("version", Json()) == kVersion) return json;
  return Fail(ErrorCode::kAttestation, "it is a file of another version than this program knows",
              "update credmint");
}

/// Reads members of an object. After the first one that is missing or of another kind, `missing`
/// names it.
class Members {
 public:
  explicit Members(const Json& json) : json_(json) {}

  Bytes Binary(const char* name) {
    const Json& member = Find(name);
    return member.is_string() ? Decode(name, member.get_ref<const std::string&>()) : Miss(name);
  }

  std::vector<Bytes> Binaries(const char* name) {
    const Json& member = Find(name);
    std::vector<Bytes> all;
    if (!member.is_array() || member.empty() || member.size() > kMostCertificates) Miss(name);
    for (std::size_t i = 0; missing_.empty() && i < member.size(); ++i) {
      all.push_back(member[i].is_string() ? Decode(name, member[i].get_ref<const std::string&>())
                                          : Miss(name));
    }
    return all;
  }

  bool Flag(const char* name) {
    const Json& member = Find(name);
    if (!member.is_boolean()) Miss(name);
    return member.is_boolean() && member.get<bool>();
  }

  TokenClaim::Facts Facts(const char* name) {
    const Json& member = Find(name);
    TokenClaim::Facts facts;
    if (!member.is_object() || member.size() > kMostFacts) Miss(name);
    if (!missing_.empty()) return facts;
    for (const auto& [fact, value] : member.items()) {
      if (!value.is_string() && !value.is_boolean()) Miss(name);
      facts.emplace_back(fact, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return facts;
  }

  [[nodiscard]] Result<void> Check() const {
    if (missing_.empty()) return {};
    return Fail(ErrorCode::kAttestation,
                fmt::format("its member '{}' is missing or cannot be read", missing_));
  }

 private:
  [[nodiscard]] const Json& Find(const char* name) const {
    static const Json kNone;
    const auto found = json_.find(name);
    return found == json_.end() ? kNone : *found;
  }
  Bytes Decode(const char* name, const std::string& text) {
    Bytes bytes = FromBase64(text);
    return bytes.empty() ? Miss(name) : bytes;
  }
  Bytes Miss(const char* name) {
    if (missing_.empty()) missing_ = name;
    return {};
  }

  const Json& json_;
  std::string missing_;
};

Result<Attestation> ParseTpm(const Json& json) {
  Members members(json);
  TpmEvidence evidence;
  evidence.certificates = members.Binaries("ekCertificates");
  evidence.attestation_key = members.Binary("attestationKey");
  evidence.key = members.Binary("key");
  evidence.attest = members.Binary("attest");
  evidence.signature = members.Binary("signature");
  if (auto checked = members.Check(); !checked) return Fail(std::move(checked));
  const auto policy = json.find("policy");
  if (policy == json.end()) return evidence;
  Members steps(*policy);
  evidence.policy = {steps.Binary("pcrs"), steps.Binary("pcrDigest"), steps.Flag("authValue")};
  if (auto checked = steps.Check(); !checked) return Fail(std::move(checked), "policy");
  return evidence;
}

Result<Attestation> ParseClaim(const Json& json) {
  Members members(json);
  TokenClaim claim{members.Facts("token"), members.Facts("attributes"), members.Binary("publicKey"),
                   members.Binary("signature")};
  if (auto checked = members.Check(); !checked) return Fail(std::move(checked));
  return claim;
}

}  // namespace

Result<Attestation> ParseAttestation(std::string_view text) {
  const auto json = ParseFile(text, kAttestationFormat);
  if (!json) return Fail(json);
  const Json kind = json->value("kind", Json());
  if (kind == "tpm") return ParseTpm(*json);
  if (kind == "claim") return ParseClaim(*json);
  return Fail(ErrorCode::kAttestation, "it attests a key in no way that this program knows",
              "update credmint");
}

std::string FormatAttestation(std::string_view evidence,
                              const std::optional<std::pair<Bytes, Bytes>>& claimed) {
  Json json = HeaderOf(kAttestationFormat);
  const Json stated = Json::parse(evidence, nullptr, false);
  if (stated.is_object()) json.update(stated);
  if (claimed) {
    json["publicKey"] = Base64(claimed->first);
    json["signature"] = Base64(claimed->second);
  }
  return Text(json);
}

bool IsClaim(std::string_view evidence) {
  const Json json = Json::parse(evidence, nullptr, false);
  return json.is_object() && json.value("kind", Json()) == "claim";
}

std::string ClaimedMessage(ByteView nonce) {
  return fmt::format("{} {} claim\n{}\n", kAttestationFormat, kVersion, Hex(nonce));
}

Result<Bytes> ParseChallenge(std::string_view text) {
  const auto json = ParseFile(text, kChallengeFormat);
  if (!json) return Fail(json);
  Members members(*json);
  Bytes challenge = members.Binary("challenge");
  if (auto checked = members.Check(); !checked) return Fail(std::move(checked));
  return challenge;
}

std::string FormatChallenge(ByteView challenge) {
  Json json = HeaderOf(kChallengeFormat);
  json["challenge"] = Base64(challenge);
  return Text(json);
}

Result<Bytes> ParseAnswer(std::string_view text) {
  const auto json = ParseFile(text, kAnswerFormat);
  if (!json) return Fail(json);
  Members members(*json);
  Bytes answer = members.Binary("answer");
  if (auto checked = members.Check(); !checked) return Fail(std::move(checked));
  return answer;
}

std::string FormatAnswer(std::string_view evidence) {
  Json json = HeaderOf(kAnswerFormat);
  const Json stated = Json::parse(evidence, nullptr, false);
  if (stated.is_object()) json.update(stated);
  return Text(json);
}

}  // namespace credmint
