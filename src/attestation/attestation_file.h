// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint {

// The files that a machine and a verifier exchange, in JSON. docs/reference/attestation.md
// describes them. Nothing in them is trusted: all that is wrong fails with kAttestation.

/// More than any of these files needs, in bytes.
inline constexpr std::size_t kMaxAttestationSize = 65536;

/// The steps of a key's policy, as its machine states them: PCRs, and perhaps the auth value.
struct PcrPolicy {
  Bytes pcrs;        ///< which: TPML_PCR_SELECTION
  Bytes pcr_digest;  ///< of their values
  bool wants_auth = false;
};

/// The statement of a TPM about a key.
struct TpmEvidence {
  std::vector<Bytes> certificates;  ///< DER: of the endorsement key, and of issuers
  Bytes attestation_key;            ///< public area behind its size
  Bytes key;                        ///< public area behind its size
  Bytes attest;                     ///< TPMS_ATTEST
  Bytes signature;                  ///< TPMT_SIGNATURE of the attestation key
  std::optional<PcrPolicy> policy;
};

/// The statement of a token about a key, which nothing proves.
struct TokenClaim {
  using Facts = std::vector<std::pair<std::string, std::string>>;
  Facts token;       ///< names, by whom is unknown: make them printable before they are shown
  Facts attributes;  ///< "true", "false", or a number in hexadecimal
  Bytes public_key;  ///< SubjectPublicKeyInfo
  Bytes signature;   ///< of the key over ClaimedMessage()
};

using Attestation = std::variant<TpmEvidence, TokenClaim>;

Result<Attestation> ParseAttestation(std::string_view text);

/// The file with what a device states, a JSON object. `claimed` is of a TokenClaim: the public key
/// and the signature.
std::string FormatAttestation(std::string_view evidence,
                              const std::optional<std::pair<Bytes, Bytes>>& claimed);

/// Whether the evidence of a device is only a claim, which its key has to sign.
bool IsClaim(std::string_view evidence);

/// The text that the key of a claim signs, so that the file shows at least who holds it.
std::string ClaimedMessage(ByteView nonce);

/// The challenge of a verifier: what MakeCredential() returns.
Result<Bytes> ParseChallenge(std::string_view text);
std::string FormatChallenge(ByteView challenge);

/// The answer to a challenge. FormatAnswer() takes a device's evidence, a JSON object.
Result<Bytes> ParseAnswer(std::string_view text);
std::string FormatAnswer(std::string_view evidence);

}  // namespace credmint
