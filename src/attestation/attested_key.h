// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attestation/attestation_file.h"
#include "attestation/certify_statement.h"
#include "attestation/endorsement_certificate.h"
#include "base/error.h"
#include "base/secret.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// A key that an attestation is about, after all its checks.
struct AttestedKey {
  KeyArea area;
  /// The key's policy, if the machine stated it and it has the digest that the TPM certified.
  std::optional<PcrPolicy> policy;
  Certificate endorsement;  ///< of the TPM
  TpmModel model;
  CertifyStatement statement;
  Bytes attester_name;  ///< the attestation key's
};

/// Checks what a TPM states of a key, without a TPM. `nonce` is the verifier's own, and `trusted`
/// the certificates of manufacturers.
///
/// Success means that for this nonce a key was certified that was made in its TPM and can never
/// leave it. The key that certified it signs only what its TPM states (restricted). The file has
/// the certificate of a TPM of a trusted manufacturer.
///
/// Whether both are the same TPM is **not known yet**. That takes a challenge (ChallengeFor()) and
/// its answer (CheckAnswer()).
///
/// Fails with kAttestation, and with kInternal.
Result<AttestedKey> CheckEvidence(const LibraryContext& context, const TpmEvidence& evidence,
                                  ByteView nonce, std::span<const Certificate> trusted);

/// The shortest key of a verifier, in bytes.
inline constexpr std::size_t kLeastChallengeKey = 32;

/// A challenge that only the TPM with both the endorsement key and the attestation key can decrypt.
///
/// The secret in it is an HMAC of the nonce and both keys, with `challenge_key`, which only the
/// verifier has. So a verifier remembers nothing between challenge and answer. Fails as
/// MakeCredential().
Result<Bytes> ChallengeFor(const LibraryContext& context, const AttestedKey& key, ByteView nonce,
                           const Secret& challenge_key);

/// Checks the answer to that challenge, in constant time. Fails with kAttestation.
Result<void> CheckAnswer(const LibraryContext& context, const AttestedKey& key, ByteView nonce,
                         const Secret& challenge_key, ByteView answer);

/// Checks that the key of a claim signed this nonce, and returns its public key. Nothing else in a
/// claim can be checked. Fails with kAttestation.
Result<std::shared_ptr<EVP_PKEY>> CheckClaim(const LibraryContext& context, const TokenClaim& claim,
                                             ByteView nonce);

/// Checks that a certificate request (PKCS#10, PEM or DER) is for this key, and signed by it. Fails
/// with kAttestation.
Result<void> CheckRequestIsFor(const LibraryContext& context, EVP_PKEY* key,
                               std::string_view request);

/// The PCRs of a policy for people: "0, 7 (sha256)". Empty if they cannot be read.
std::string NamePcrsOf(const PcrPolicy& policy);

}  // namespace credmint
