// SPDX-License-Identifier: Apache-2.0
#include "attestation/attested_key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/pem.h>

#include <array>
#include <vector>

#include "attestation/credential.h"
#include "attestation/structure_reader.h"
#include "attestation/tpm_hashing.h"
#include "base/constant_time.h"
#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using RequestPtr = Handle<X509_REQ, X509_REQ_free>;

constexpr std::uint16_t kSha256 = 0x000b;
constexpr std::uint16_t kSha1 = 0x0004;
// Commands of policies: TPM_CC_PolicyPCR, TPM_CC_PolicyAuthValue.
constexpr auto kPolicyPcr = std::to_array<std::uint8_t>({0, 0, 0x01, 0x7f});
constexpr auto kPolicyAuthValue = std::to_array<std::uint8_t>({0, 0, 0x01, 0x6b});
constexpr std::string_view kChallengeLabel = "credmint-key-challenge 1";

std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool IsSame(ByteView one, ByteView other) {
  return EqualInConstantTime(AsText(one), AsText(other));
}

Result<void> CheckAttester(const KeyArea& attester) {
  if (!attester.Has(kCannotLeave | kRestricted | kSign) || attester.Has(kDecrypt)) {
    return Fail(ErrorCode::kAttestation,
                "the attestation key signs more than what its TPM states, or can leave the TPM");
  }
  if (attester.scheme != TpmScheme::kAny) return {};
  return Fail(ErrorCode::kAttestation, "the attestation key has no scheme of its own");
}

Result<void> CheckKey(const KeyArea& key, const CertifyStatement& statement) {
  if (key.name != statement.key_name) {
    return Fail(ErrorCode::kAttestation, "the TPM's statement is about another key");
  }
  if (!key.Has(kSign)) return Fail(ErrorCode::kAttestation, "the key cannot sign");
  if (key.Has(kCannotLeave)) return {};
  return Fail(ErrorCode::kAttestation, "the key can be copied, or was not made in the TPM",
              "it needs the attributes fixedtpm, fixedparent and sensitivedataorigin, as credmint "
              "key create gives them");
}

/// The digest of a policy's steps, each of which hashes what came before (TPM 2.0 Part 1 section
/// 19.7).
Result<Bytes> PolicyDigestOf(const LibraryContext& context, const HashKind& hash,
                             const PcrPolicy& policy) {
  const Bytes start(hash.size);
  auto digest = HashOf(context, hash, {start, kPolicyPcr, policy.pcrs, policy.pcr_digest});
  if (!digest || !policy.wants_auth) return digest;
  return HashOf(context, hash, {*digest, kPolicyAuthValue});
}

/// A policy that a machine states must be that of the key: a wrong one may deceive a reader.
Result<void> CheckPolicy(const LibraryContext& context, const KeyArea& key,
                         const PcrPolicy& policy) {
  const auto digest = PolicyDigestOf(context, *FindHash(key.name_hash), policy);
  if (!digest) return Fail(digest);
  if (*digest == key.policy && !NamePcrsOf(policy).empty()) return {};
  return Fail(ErrorCode::kAttestation, "the policy in it is not the one of the key");
}

/// The secret that only a TPM with both keys can decrypt.
Result<Bytes> ExpectedAnswer(const LibraryContext& context, const AttestedKey& key, ByteView nonce,
                             const Secret& challenge_key) {
  Bytes message;
  for (const Bytes& part :
       {Bytes(nonce.begin(), nonce.end()), key.attester_name, key.endorsement.Der()}) {
    AppendSized(message, part);
  }
  return HmacOf(context, *FindHash(kSha256), AsBytes(challenge_key.Reveal()),
                {AsBytes(kChallengeLabel), message});
}

/// The DER of a request's PEM, or the text itself; empty if there is no PEM of one.
Bytes RequestDer(std::string_view text) {
  if (text.find("-----BEGIN ") == std::string_view::npos) return {text.begin(), text.end()};
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  unsigned char* data = nullptr;
  long size = 0;
  if (!bio || PEM_bytes_read_bio(&data, &size, nullptr, PEM_STRING_X509_REQ, bio.get(), nullptr,
                                 nullptr) != 1) {
    return {};
  }
  Bytes der(data, data + size);
  OPENSSL_free(data);
  return der;
}

/// Null if it cannot be read.
RequestPtr ReadRequest(const LibraryContext& context, std::string_view text) {
  const Bytes der = RequestDer(text);
  X509_REQ* place = X509_REQ_new_ex(context.get(), nullptr);  // d2i frees it if it fails
  const unsigned char* cursor = der.data();
  return RequestPtr(d2i_X509_REQ(&place, &cursor, static_cast<long>(der.size())));
}

std::string NameOfBank(std::uint16_t hash) {
  if (hash == kSha1) return "sha1";
  const HashKind* const known = FindHash(hash);
  return known != nullptr ? fmt::format("sha{}", known->size * 8) : fmt::format("0x{:04x}", hash);
}

}  // namespace

std::string NamePcrsOf(const PcrPolicy& policy) {
  constexpr std::size_t kMostBanks = 16;
  StructureReader reader(policy.pcrs);
  const std::uint32_t count = reader.Long();
  std::vector<std::string> banks;
  for (std::uint32_t i = 0; reader.ok() && i < count && i < kMostBanks; ++i) {
    const std::uint16_t hash = reader.Short();
    const ByteView selected = reader.Take(reader.Byte());
    std::vector<std::size_t> numbers;
    for (std::size_t pcr = 0; pcr < selected.size() * 8; ++pcr) {
      if ((selected[pcr / 8] >> (pcr % 8) & 1U) != 0) numbers.push_back(pcr);
    }
    if (numbers.empty()) continue;
    banks.push_back(fmt::format("{} ({})", fmt::join(numbers, ", "), NameOfBank(hash)));
  }
  return reader.IsComplete() ? fmt::format("{}", fmt::join(banks, " and ")) : "";
}

Result<AttestedKey> CheckEvidence(const LibraryContext& context, const TpmEvidence& evidence,
                                  ByteView nonce, std::span<const Certificate> trusted) {
  auto endorsement = CheckEndorsement(context, evidence.certificates, trusted);
  if (!endorsement) return Fail(std::move(endorsement));
  auto attester = ReadKeyArea(context, evidence.attestation_key);
  if (!attester) return Fail(std::move(attester), "reading the attestation key");
  if (auto good = CheckAttester(*attester); !good) return Fail(std::move(good));
  auto signature = CheckTpmSignature(context, *attester, evidence.attest, evidence.signature);
  if (!signature) return Fail(std::move(signature));
  auto statement = ReadCertifyStatement(evidence.attest);
  if (!statement) return Fail(std::move(statement));
  if (!IsSame(statement->nonce, nonce)) {
    return Fail(ErrorCode::kAttestation, "the TPM's statement was made for another nonce",
                "have the key attested again, with the nonce that the verifier chose for it");
  }
  auto key = ReadKeyArea(context, evidence.key);
  if (!key) return Fail(std::move(key), "reading the key");
  if (auto good = CheckKey(*key, *statement); !good) return Fail(std::move(good));
  if (evidence.policy) {
    if (auto good = CheckPolicy(context, *key, *evidence.policy); !good)
      return Fail(std::move(good));
  }
  TpmModel model = ReadTpmModel(*endorsement);
  return AttestedKey{*std::move(key),  evidence.policy,       *std::move(endorsement),
                     std::move(model), *std::move(statement), std::move(attester->name)};
}

Result<Bytes> ChallengeFor(const LibraryContext& context, const AttestedKey& key, ByteView nonce,
                           const Secret& challenge_key) {
  const auto answer = ExpectedAnswer(context, key, nonce, challenge_key);
  if (!answer) return Fail(answer);
  return MakeCredential(context, key.endorsement.public_key(), key.attester_name, *answer);
}

Result<void> CheckAnswer(const LibraryContext& context, const AttestedKey& key, ByteView nonce,
                         const Secret& challenge_key, ByteView answer) {
  const auto expected = ExpectedAnswer(context, key, nonce, challenge_key);
  if (!expected) return Fail(expected);
  if (IsSame(*expected, answer)) return {};
  return Fail(ErrorCode::kAttestation,
              "the answer is not the one to the challenge for this attestation",
              "make a challenge for it with the same nonce and the same key of the verifier, and "
              "have the machine answer that");
}

Result<std::shared_ptr<EVP_PKEY>> CheckClaim(const LibraryContext& context, const TokenClaim& claim,
                                             ByteView nonce) {
  const ErrorMark mark;
  const std::uint8_t* cursor = claim.public_key.data();
  const auto size = static_cast<long>(claim.public_key.size());
  std::shared_ptr<EVP_PKEY> key(d2i_PUBKEY_ex(nullptr, &cursor, size, context.get(), nullptr),
                                EVP_PKEY_free);
  if (!key || cursor != claim.public_key.data() + size) {
    return Fail(ErrorCode::kAttestation, "the public key of the claim cannot be read");
  }
  const bool hashes = EVP_PKEY_is_a(key.get(), "RSA") == 1 || EVP_PKEY_is_a(key.get(), "EC") == 1;
  const std::string message = ClaimedMessage(nonce);
  const ByteView bytes = AsBytes(message);
  const MdCtxPtr verifying(EVP_MD_CTX_new());
  const bool good = verifying &&
                    EVP_DigestVerifyInit_ex(verifying.get(), nullptr, hashes ? "SHA256" : nullptr,
                                            context.get(), nullptr, key.get(), nullptr) == 1 &&
                    EVP_DigestVerify(verifying.get(), claim.signature.data(),
                                     claim.signature.size(), bytes.data(), bytes.size()) == 1;
  if (good) return key;
  return Fail(ErrorCode::kAttestation, "the key of the claim did not sign this nonce",
              "have the key attested again, with the nonce that the verifier chose for it");
}

Result<void> CheckRequestIsFor(const LibraryContext& context, EVP_PKEY* key,
                               std::string_view request) {
  const ErrorMark mark;
  const RequestPtr parsed = ReadRequest(context, request);
  EVP_PKEY* const public_key = parsed ? X509_REQ_get0_pubkey(parsed.get()) : nullptr;
  if (public_key == nullptr) {
    return Fail(ErrorCode::kAttestation, "the certificate request cannot be read");
  }
  if (EVP_PKEY_eq(public_key, key) != 1) {
    return Fail(ErrorCode::kAttestation, "the certificate request is for another key");
  }
  if (X509_REQ_verify_ex(parsed.get(), public_key, context.get(), nullptr) == 1) return {};
  return Fail(ErrorCode::kAttestation, "the certificate request is not signed by its key");
}

}  // namespace credmint
