// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "tpm2/keyfile/der_reader.h"

namespace credmint::tpm2 {

/// The platform configuration registers `selection` have values whose digest is `digest`.
struct PolicyPcr {
  TPM2B_DIGEST digest{};
  TPML_PCR_SELECTION selection{};
};

/// The key's auth value is known. TPM2_PolicyPassword is the same to the TPM (TPM 2.0 Part 3
/// section 23.18: it extends the policy by the same code), but would send the value in clear; so
/// both are read as this one.
struct PolicyAuthValue {};

/// The auth value of the object, hierarchy or NV index with the name `name` is known; `handle` says
/// where it is.
struct PolicySecret {
  TPM2_HANDLE handle = 0;
  TPM2B_NAME name{};
  TPM2B_NONCE policy_ref{};
};

/// The owner of `key` signs this very use.
struct PolicySigned {
  TPM2B_PUBLIC key{};
  TPM2B_NONCE policy_ref{};
};

/// The owner of `key` signed what the policy amounts to up to here. Without a signature, the place
/// that one of the signed policies takes.
struct PolicyAuthorize {
  TPM2B_PUBLIC key{};
  TPM2B_NONCE policy_ref{};
  std::optional<TPMT_SIGNATURE> signature;
};

/// What came before amounts to one of these digests.
struct PolicyOr {
  TPML_DIGEST branches{};
};

/// The key is used by this command only.
struct PolicyCommandCode {
  TPM2_CC code = 0;
};

using PolicyStep = std::variant<PolicyPcr, PolicyAuthValue, PolicySecret, PolicySigned,
                                PolicyAuthorize, PolicyOr, PolicyCommandCode>;
using PolicySteps = std::vector<PolicyStep>;

/// One of the policies that the owner of a key signed, so that the TPM takes it in the place of a
/// PolicyAuthorize.
struct SignedPolicy {
  std::string name;  ///< made printable; empty if it has none
  PolicySteps steps;
};

/// Under which conditions a TPM key may be used: steps to be taken one after the other in a policy
/// session. If the first one is a PolicyAuthorize, it stands for one of `signed_policies`.
struct Policy {
  PolicySteps steps;
  std::vector<SignedPolicy> signed_policies;

  [[nodiscard]] bool empty() const { return steps.empty(); }

  /// Whether a step may want the key's auth value.
  [[nodiscard]] bool NeedsAuthValue() const;
};

/// Reads the fields `policy` and `authPolicy` of a key file (CONTRACT section 9.1), explicit tag
/// and all: a SEQUENCE OF TPMPolicy, and a SEQUENCE OF TPMAuthPolicy. The bodies are those of the
/// TPM's commands in marshalled form, but
///
/// - PolicyAuthorize: TPM2B_PUBLIC, TPM2B_NONCE policyRef, TPMT_SIGNATURE (TPM_ALG_NULL, or left
///   out: none)
/// - PolicySecret: TPM_HANDLE, TPM2B_NAME, TPM2B_NONCE policyRef
/// - PolicySigned: TPM2B_PUBLIC, TPM2B_NONCE policyRef (in no draft; modelled on the two above)
///
/// At most 32 steps in a policy, and 32 signed policies. Fails with kMalformed, and with
/// kKeyUnusable and its name for any other policy command.
Result<PolicySteps> ReadPolicy(const DerElement& field);
Result<std::vector<SignedPolicy>> ReadSignedPolicies(const DerElement& field);

}  // namespace credmint::tpm2
