#include "identity/identity.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/log.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

constexpr int kSha256SecurityBits = 128;

std::string Day(TimePoint time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

Result<void> CheckMatch(const SigningKey& key, const Certificate& leaf) {
  const ErrorMark mark;
  if (leaf.public_key() == nullptr) {
    return Fail(ErrorCode::kCertificate, "its public key's algorithm is unknown here");
  }
  if (EVP_PKEY_eq(key.get(), leaf.public_key()) == 1) return {};
  return Fail(ErrorCode::kKeyMismatch, "the private key does not belong to it",
              "--certificate must be the certificate issued for --private-key");
}

Result<void> CheckValidity(const Certificate& leaf, TimePoint now) {
  if (now < leaf.NotBefore()) {
    return Fail(ErrorCode::kCertificate,
                fmt::format("it is not valid before {}", Day(leaf.NotBefore())),
                "is this machine's clock right?");
  }
  if (now > leaf.NotAfter()) {
    return Fail(ErrorCode::kCertificate, fmt::format("it expired on {}", Day(leaf.NotAfter())),
                "renew it with its CA");
  }
  return {};
}

Result<void> CheckForm(const Certificate& leaf) {
  if (leaf.Version() != 3) {
    return Fail(
        ErrorCode::kCertificate,
        fmt::format("it is X.509 version {}, the service accepts version 3 only", leaf.Version()));
  }
  if (leaf.IsCa()) {
    return Fail(ErrorCode::kCertificate, "it is a CA certificate (CA:TRUE)",
                "give the leaf certificate; issuers belong into --intermediates");
  }
  if (!leaf.HasDigitalSignature()) {
    return Fail(ErrorCode::kCertificate, "its keyUsage does not include digitalSignature",
                "have it issued with keyUsage=digitalSignature");
  }
  if (leaf.SignatureSecurityBits() < kSha256SecurityBits) {
    return Fail(ErrorCode::kCertificate,
                fmt::format("it is signed with {}, the service wants SHA-256 or stronger",
                            leaf.SignatureAlgorithm()));
  }
  return {};
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
    if (error.hint.empty()) error.hint = failure_->hint;
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
  if (auto checked = CheckValidity(chain.leaf, now); !checked)
    return Fail(std::move(checked), clause);
  if (auto checked = CheckForm(chain.leaf); !checked) return Fail(std::move(checked), clause);
  if (auto checked = CheckMatch(*key, chain.leaf); !checked)
    return Fail(std::move(checked), clause);
  LogDebug(fmt::format("identity: {} key, {}, {} issuer(s) to send", key->algorithm(), clause,
                       chain.issuers.size()));
  return Identity(std::move(key), std::move(chain));
}

}  // namespace credmint
