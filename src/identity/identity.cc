// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "identity/refusals.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

Result<void> CheckMatch(const SigningKey& key, const Certificate& leaf) {
  const ErrorMark mark;
  if (EVP_PKEY_eq(key.get(), leaf.public_key()) == 1) return {};
  return Fail(ErrorCode::kKeyMismatch, "the private key does not belong to it",
              "the certificate must be the one issued for the private key");
}

}  // namespace

Result<Bytes> Identity::Sign(std::string_view message) const {
  auto signature = key_->Sign(message);
  if (signature) {
    auto verified = key_->Verify(leaf().public_key(), message, *signature);
    if (!verified) signature = Fail(std::move(verified));
  }
  if (!signature && failure_) {
    Error& error = signature.error();
    error.message += "; the earlier key is in use because of: " + failure_->message;
    if (!error.HasHint()) {
      error.remedy = failure_->remedy;
      error.hint = failure_->hint;
    }
  }
  return signature;
}

Identity Identity::InPlaceOf(const Error& failure) const {
  Identity identity = *this;
  identity.failure_ = failure;
  return identity;
}

Result<Identity> CheckIdentity(std::shared_ptr<const SigningKey> key, CertificateChain chain,
                               TimePoint now) {
  const std::string clause = fmt::format("certificate {}", chain.leaf.Subject());
  if (auto reasons = ChainRefusals(chain, now); !reasons.empty()) {
    return Fail(std::move(reasons.front()).In(clause));
  }
  if (auto checked = CheckMatch(*key, chain.leaf); !checked)
    return Fail(std::move(checked), clause);
  LogDebug(fmt::format("identity: {} key, {}, {} issuer(s) to send", key->algorithm(), clause,
                       chain.issuers.size()));
  return Identity(std::move(key), std::move(chain));
}

}  // namespace credmint
