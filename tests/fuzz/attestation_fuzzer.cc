// SPDX-License-Identifier: Apache-2.0
// Fed: the file of an attestation, a challenge or an answer, as a hostile machine may send it. The
// last certificate of an attestation is trusted, so that its other parts are read as well. The
// files of the corpus were recorded with swtpm and SoftHSM.
//
// Holds: only a key that cannot leave its TPM is accepted, and with the nonce of its statement
// alone. No challenge is answered by chance. A failure is one line.

#include <string>
#include <variant>

#include "attestation/attested_key.h"
#include "attestation/credential.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {
namespace {

using test::Require;

const LibraryContext& Context() {
  static const auto& context = *new auto(LibraryContext::Create({}));
  Require(context.has_value(), "there is a context");
  return *context;
}

template <typename T>
bool Holds(const Result<T>& result) {
  if (!result) test::RequireOneLine(result.error().message, "a failure is one line");
  return result.has_value();
}

void CheckAccepted(const AttestedKey& key, ByteView nonce) {
  Require(key.area.Has(kCannotLeave | kSign), "an accepted key cannot leave its TPM");
  Require(key.statement.key_name == key.area.name, "a statement is about the key");
  Require(key.area.key != nullptr, "an accepted key is a key");
  const Secret secret(std::string(kLeastChallengeKey, 'k'));
  Require(!Holds(CheckAnswer(Context(), key, nonce, secret, nonce)), "a nonce is no answer");
  Holds(ChallengeFor(Context(), key, nonce, secret));
}

void Check(const TpmEvidence& evidence) {
  std::vector<Certificate> trusted;
  if (auto last = Certificate::FromDer(Context(), evidence.certificates.back())) {
    trusted.push_back(*std::move(last));
  }
  if (evidence.policy) {
    test::RequireOneLine(NamePcrsOf(*evidence.policy), "the names of PCRs are one line");
  }
  for (const Bytes& area : {evidence.attestation_key, evidence.key}) {
    const auto read = ReadKeyArea(Context(), area);
    if (Holds(read))
      Holds(CheckTpmSignature(Context(), *read, evidence.attest, evidence.signature));
  }
  const auto statement = ReadCertifyStatement(evidence.attest);
  const Bytes nonce = Holds(statement) ? statement->nonce : Bytes(20);
  const auto key = CheckEvidence(Context(), evidence, nonce, trusted);
  if (!Holds(key)) return;
  CheckAccepted(*key, nonce);
  Bytes other = nonce;
  other.push_back(0);
  Require(!Holds(CheckEvidence(Context(), evidence, other, trusted)), "the nonce is checked");
  Require(!Holds(CheckEvidence(Context(), evidence, nonce, {})), "the certificate is checked");
}

void Check(const TokenClaim& claim) { Holds(CheckClaim(Context(), claim, Bytes(16))); }

void Check(std::string_view text) {
  Holds(ParseChallenge(text));
  Holds(ParseAnswer(text));
  const auto attestation = ParseAttestation(text);
  if (Holds(attestation)) std::visit([](const auto& one) { Check(one); }, *attestation);
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
