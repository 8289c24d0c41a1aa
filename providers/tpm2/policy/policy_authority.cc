// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy_authority.h"

#include <openssl/rand.h>

#include <utility>

#include "common/public_key.h"
#include "ossl/error_queue.h"
#include "tpm2/policy/policy_digest.h"
#include "tpm2/policy/policy_signature.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {

using provider::PublicKey;

Result<PolicyAuthorize> MakePlaceholder(const EVP_PKEY* authority) {
  const auto key = PublicKey::FromPkey(authority);
  if (!key) return Fail(key, "the authority for policies");
  const auto area = ExternalPublicArea(*key);
  if (!area) return Fail(area, "the authority for policies");
  PolicyAuthorize placeholder{.key = *area};
  placeholder.policy_ref.size = TPM2_SHA256_DIGEST_SIZE;
  if (RAND_bytes(placeholder.policy_ref.buffer, placeholder.policy_ref.size) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("making a random policyRef"));
  }
  return placeholder;
}

Result<SignedPolicy> SignSteps(PolicySteps steps, const PolicyAuthorize& placeholder,
                               const TpmHash& hash, EVP_PKEY* authority, OSSL_LIB_CTX* context) {
  const auto named = ReadPublicKey(placeholder.key);
  if (!named) return Fail(named, "the authority in the key file");
  const auto given = PublicKey::FromPkey(authority);
  if (!given) return Fail(given, "the authority given");
  if (!(*named == *given)) {
    return Fail(ErrorCode::kUsage, "the key given is not the authority for this TPM key's policies",
                "only the key that was named when the TPM key was made can sign");
  }
  const auto digest = PolicyDigest(context, steps, hash);
  if (!digest) return Fail(digest);
  PolicyAuthorize authorize = placeholder;
  auto signature = SignPolicy(authority, context, placeholder.key, *digest, placeholder.policy_ref);
  if (!signature) return Fail(std::move(signature));
  authorize.signature = *signature;
  steps.emplace_back(authorize);
  return SignedPolicy{.name = {}, .steps = std::move(steps)};
}

}  // namespace credmint::tpm2
