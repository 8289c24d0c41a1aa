// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "ossl/der_reader.h"
#include "ossl/handles.h"

namespace credmint::tpm2 {

/// Requires that the values of the PCRs in `selection` have the digest `digest`.
struct PolicyPcr {
  TPM2B_DIGEST digest{};
  TPML_PCR_SELECTION selection{};
};

/// Requires the key's auth value.
///
/// Also represents TPM2_PolicyPassword. That command extends the policy by the same code (TPM 2.0
/// Part 3 section 23.18), but would send the value in clear.
struct PolicyAuthValue {};

/// Requires the auth value of the object, hierarchy or NV index with the name `name`, which is at
/// `handle`.
struct PolicySecret {
  TPM2_HANDLE handle = 0;
  TPM2B_NAME name{};
  TPM2B_NONCE policy_ref{};
};

/// Requires a signature by `key` over this very use.
struct PolicySigned {
  TPM2B_PUBLIC key{};
  TPM2B_NONCE policy_ref{};
};

/// Requires a signature by `key` over the policy up to this step. Without a signature, it is a
/// placeholder for one of the signed policies.
struct PolicyAuthorize {
  TPM2B_PUBLIC key{};
  TPM2B_NONCE policy_ref{};
  std::optional<TPMT_SIGNATURE> signature;
};

/// Requires that the policy up to this step has one of these digests.
struct PolicyOr {
  TPML_DIGEST branches{};
};

/// Allows only this command to use the key.
struct PolicyCommandCode {
  TPM2_CC code = 0;
};

using PolicyStep = std::variant<PolicyPcr, PolicyAuthValue, PolicySecret, PolicySigned,
                                PolicyAuthorize, PolicyOr, PolicyCommandCode>;
using PolicySteps = std::vector<PolicyStep>;

inline constexpr std::size_t kMostPolicySteps = 32;
inline constexpr std::size_t kMostSignedPolicies = 32;

/// A policy signed by the owner of a key. The TPM accepts it in place of a PolicyAuthorize.
struct SignedPolicy {
  std::string name;  ///< made printable; empty if it has none
  PolicySteps steps;
};

/// The conditions for using a TPM key: steps to take one after the other in a policy session. A
/// leading PolicyAuthorize without a signature is replaced by one of `signed_policies`.
struct Policy {
  PolicySteps steps;
  std::vector<SignedPolicy> signed_policies;

  [[nodiscard]] bool empty() const { return steps.empty(); }

  /// The place for a signed policy; null if there is none.
  [[nodiscard]] const PolicyAuthorize* Placeholder() const;

  /// Whether a step may want the key's auth value.
  [[nodiscard]] bool NeedsAuthValue() const;
};

/// Read the fields `policy` and `authPolicy` of a key file (CONTRACT section 9.1), including their
/// explicit tags. They are a SEQUENCE OF TPMPolicy and a SEQUENCE OF TPMAuthPolicy.
///
/// The body of a step is the marshalled form of the TPM command, except for:
///
/// * PolicyAuthorize: TPM2B_PUBLIC, TPM2B_NONCE policyRef, TPMT_SIGNATURE. A signature of
///   TPM_ALG_NULL, or a missing one, means none.
/// * PolicySecret: TPM_HANDLE, TPM2B_NAME, TPM2B_NONCE policyRef
/// * PolicySigned: TPM2B_PUBLIC, TPM2B_NONCE policyRef. This is in no draft; it is modelled on the
///   two above.
///
/// A policy has at most 32 steps, and there are at most 32 signed policies. Fail with kMalformed,
/// and with kKeyUnusable and the command's name for any other policy command.
Result<PolicySteps> ReadPolicy(const DerItem& field);
Result<PolicyStep> ReadPolicyStep(TPM2_CC code, ByteView body);
Result<std::vector<SignedPolicy>> ReadSignedPolicies(const DerItem& field);

}  // namespace credmint::tpm2
