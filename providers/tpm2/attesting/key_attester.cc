// SPDX-License-Identifier: Apache-2.0
#include "tpm2/attesting/key_attester.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "ossl/encoding.h"
#include "tpm2/attesting/attestation_key.h"
#include "tpm2/attesting/endorsement_key.h"
#include "tpm2/device/tpm_reader.h"
#include "tpm2/device/tpm_writer.h"
#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

using provider::ListedObject;
using Json = nlohmann::ordered_json;

/// What TPM2_Certify returns.
struct Statement {
  Bytes attest;     ///< TPMS_ATTEST
  Bytes signature;  ///< TPMT_SIGNATURE
};

ListedObject Evidence(const Json& evidence) {
  const Json json = {{"kind", "private-key"}, {"evidence", evidence}};
  return {"", json.dump()};
}

Result<void> CheckIsFixed(const OpenedKey& key) {
  const TPMA_OBJECT attributes = key.public_area.publicArea.objectAttributes;
  if ((attributes & TPMA_OBJECT_FIXEDTPM) == 0) {
    return Fail(ErrorCode::kKeyUnusable,
                key.source->name() + " can be copied to another TPM, so where it is proves nothing",
                "make a key with the attribute fixedtpm, as credmint key create does");
  }
  if ((attributes & TPMA_OBJECT_ADMINWITHPOLICY) == 0) return {};
  return Fail(ErrorCode::kKeyUnusable,
              "the policy of " + key.source->name() + " also governs who may have it certified",
              "make a key without the attribute adminwithpolicy, as credmint key create does");
}

TpmResult<Statement> Certify(Tpm& tpm, const OpenedKey& key, const TpmObject& attester,
                             ByteView nonce) {
  TPM2B_DATA qualifying{};
  qualifying.size = static_cast<UINT16>(std::min(nonce.size(), sizeof qualifying.buffer));
  std::copy_n(nonce.begin(), qualifying.size, qualifying.buffer);
  const TPMT_SIG_SCHEME scheme_of_key{TPM2_ALG_NULL, {}};
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const auto done = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_Certify(esys, key.loaded.object.handle(), attester.handle(),
                               key.loaded.session.handle(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               &qualifying, &scheme_of_key, &attest, &signature);
  });
  const Handle<TPM2B_ATTEST, EsysFree> attest_owner(attest);
  const Handle<TPMT_SIGNATURE, EsysFree> signature_owner(signature);
  if (!done) return Fail(done);
  Statement statement;
  statement.attest.assign(attest->attestationData, attest->attestationData + attest->size);
  TpmWriter encoded;
  encoded.Write(Tss2().Tss2_MU_TPMT_SIGNATURE_Marshal, *signature);
  if (!encoded.good()) return Fail(TpmFailure(TSS2_ESYS_RC_MALFORMED_RESPONSE));
  statement.signature = encoded.bytes();
  return statement;
}

Error CertifyFailure(const TpmFailure& failure, const OpenedKey& key) {
  const std::string name = key.source->name();
  if (failure.WasRefusal() && key.auth.empty()) {
    return MakeError(ErrorCode::kPinRequired, name + " has an auth value and none was given",
                     Remedy::kGiveHandleAuth, failure.CountedNote());
  }
  return failure.ToError().In("certifying " + name);
}

Result<std::string> Encoded(const TPM2B_PUBLIC& area) {
  TpmWriter encoded;
  encoded.Write(Tss2().Tss2_MU_TPM2B_PUBLIC_Marshal, area);
  if (encoded.good()) return Base64(encoded.bytes());
  return Fail(ErrorCode::kInternal, "a public area cannot be marshalled");
}

/// The steps of a policy whose digest a verifier can compute: PCRs, and perhaps the auth value.
/// Null for any other.
Json DescribePolicy(const Policy& policy) {
  if (policy.steps.empty() || policy.steps.size() > 2) return nullptr;
  const auto* pcr = std::get_if<PolicyPcr>(&policy.steps.front());
  const bool wants_auth =
      policy.steps.size() == 2 && std::holds_alternative<PolicyAuthValue>(policy.steps.back());
  if (pcr == nullptr || (policy.steps.size() == 2 && !wants_auth)) return nullptr;
  TpmWriter selection;
  selection.Write(Tss2().Tss2_MU_TPML_PCR_SELECTION_Marshal, pcr->selection);
  if (!selection.good()) return nullptr;
  return {{"pcrs", Base64(selection.bytes())},
          {"pcrDigest", Base64({pcr->digest.buffer, pcr->digest.size})},
          {"authValue", wants_auth}};
}

TpmResult<Bytes> Activate(Tpm& tpm, const TpmObject& attester, const TpmObject& endorsement,
                          const AuthSession& session, const TPM2B_ID_OBJECT& credential,
                          const TPM2B_ENCRYPTED_SECRET& seed) {
  TPM2B_DIGEST* answer = nullptr;
  const auto done = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_ActivateCredential(esys, attester.handle(), endorsement.handle(),
                                          ESYS_TR_PASSWORD, session.handle(), ESYS_TR_NONE,
                                          &credential, &seed, &answer);
  });
  const Handle<TPM2B_DIGEST, EsysFree> owner(answer);
  if (!done) return Fail(done);
  return Bytes(answer->buffer, answer->buffer + answer->size);
}

}  // namespace

Result<ListedObject> KeyAttester::Attest(const OpenedKey& key, const Policy& policy,
                                         ByteView nonce) const {
  const auto hold = tpm_->Hold();
  if (auto is_fixed = CheckIsFixed(key); !is_fixed) return Fail(std::move(is_fixed));
  const auto endorsement = EndorsementKey::Find(tpm_, digests_);
  if (!endorsement) return Fail(endorsement);
  const auto attester = CreateAttestationKey(tpm_, endorsement_auth_);
  if (!attester) return Fail(attester);
  if (auto set = SetAuth(*tpm_, key.loaded.object.handle(), key.auth); !set) {
    return Fail(set, "preparing the TPM session");
  }
  const auto statement = Certify(*tpm_, key, attester->object, nonce);
  if (!statement) return Fail(CertifyFailure(statement.error(), key));
  const auto attester_area = Encoded(attester->area);
  if (!attester_area) return Fail(attester_area);
  const auto key_area = Encoded(key.public_area);
  if (!key_area) return Fail(key_area);
  Json certificates = Json::array();
  for (const Bytes& der : endorsement->certificates()) certificates.push_back(Base64(der));
  Json evidence = {{"kind", "tpm"},
                   {"ekCertificates", std::move(certificates)},
                   {"attestationKey", *attester_area},
                   {"key", *key_area},
                   {"attest", Base64(statement->attest)},
                   {"signature", Base64(statement->signature)}};
  if (Json described = DescribePolicy(policy); !described.is_null()) {
    evidence["policy"] = std::move(described);
  }
  return Evidence(evidence);
}

Result<ListedObject> KeyAttester::Answer(ByteView challenge) const {
  TPM2B_ID_OBJECT credential{};
  TPM2B_ENCRYPTED_SECRET seed{};
  TpmReader reader(challenge);
  if (!reader.Read(Tss2().Tss2_MU_TPM2B_ID_OBJECT_Unmarshal, credential) ||
      !reader.Read(Tss2().Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal, seed) || !reader.AtEnd()) {
    return Fail(ErrorCode::kAttestation, "the challenge is not one for a TPM");
  }
  const auto hold = tpm_->Hold();
  const auto endorsement = EndorsementKey::Find(tpm_, digests_);
  if (!endorsement) return Fail(endorsement);
  const auto attester = CreateAttestationKey(tpm_, endorsement_auth_);
  if (!attester) return Fail(attester);
  const auto key = endorsement->Create(tpm_, endorsement_auth_);
  if (!key) return Fail(key);
  const auto session = endorsement->Authorize(tpm_, endorsement_auth_);
  if (!session) return Fail(session);
  const auto answer = Activate(*tpm_, attester->object, *key, *session, credential, seed);
  if (answer) return Evidence({{"answer", Base64(*answer)}});
  if (answer.error().fault() != TpmFault::kBadParameter) {
    return Fail(answer, "answering the challenge");
  }
  return Fail(ErrorCode::kAttestation,
              "the challenge is for another TPM or another attestation key, or is damaged",
              "answer it on the machine whose attestation the verifier challenged");
}

}  // namespace credmint::tpm2
