// SPDX-License-Identifier: Apache-2.0
#include "identity/refusals.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "base/clock.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

constexpr int kSha256SecurityBits = 128;
constexpr int kLeastRsaBits = 2048;
constexpr std::string_view kMlDsa = "ML-DSA-";
constexpr unsigned long kFirstVersionWithMlDsa = 0x30500000UL;
constexpr const char* kOtherSignatureHint =
    "have it issued with a signature of RSA (PKCS#1 v1.5) or ECDSA, with SHA-256 or stronger";

std::string Day(TimePoint time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// Collects reasons.
struct Reasons {
  std::vector<Error> list;

  void Add(std::string message, std::string hint = {}, ErrorCode code = ErrorCode::kCertificate) {
    list.push_back({code, std::move(message), std::move(hint)});
  }
  void Add(std::string message, Remedy remedy) {
    list.push_back(MakeError(ErrorCode::kCertificate, std::move(message), remedy));
  }
};

/// The NID of a curve, by any of its names; NID_undef if it is none.
int NidOf(const char* curve) {
  const int nid = EC_curve_nist2nid(curve);
  return nid != NID_undef ? nid : OBJ_txt2nid(curve);
}

bool KnowsMlDsa() { return OpenSSL_version_num() >= kFirstVersionWithMlDsa; }

std::string NeedsLaterOpenssl(std::string_view what, const std::string& algorithm) {
  return fmt::format("its {} is {}, which needs OpenSSL 3.5 or later; this is {}", what, algorithm,
                     OpenSSL_version(OPENSSL_VERSION_STRING));
}

void AddValidity(Reasons& reasons, const Certificate& leaf, TimePoint now) {
  if (now < leaf.NotBefore()) {
    reasons.Add(fmt::format("it is not valid before {}", Day(leaf.NotBefore())),
                "is this machine's clock right?");
  }
  if (now > leaf.NotAfter()) {
    reasons.Add(fmt::format("it expired on {}", Day(leaf.NotAfter())), "renew it with its CA");
  }
}

void AddForm(Reasons& reasons, const Certificate& leaf) {
  if (leaf.Version() != 3) {
    reasons.Add(
        fmt::format("it is X.509 version {}, the service accepts version 3 only", leaf.Version()));
  }
  if (leaf.IsCa()) {
    reasons.Add("it is a CA certificate (CA:TRUE)", Remedy::kGiveLeafFirst);
  }
  if (!leaf.HasDigitalSignature()) {
    reasons.Add("its keyUsage does not include digitalSignature",
                "have it issued with keyUsage=digitalSignature");
  }
}

void AddSignature(Reasons& reasons, const Certificate& certificate) {
  const std::string algorithm = certificate.SignatureAlgorithm();
  const int nid = certificate.SignatureNid();
  if (algorithm.starts_with(kMlDsa)) {
    if (!KnowsMlDsa()) reasons.Add(NeedsLaterOpenssl("signature", algorithm));
  } else if (nid == NID_rsassaPss || nid == NID_ED25519 || nid == NID_ED448) {
    reasons.Add(fmt::format("it is signed with {}, which the service does not accept",
                            nid == NID_rsassaPss ? "RSASSA-PSS" : algorithm),
                kOtherSignatureHint);
  } else if (certificate.SignatureSecurityBits() < kSha256SecurityBits) {
    reasons.Add(
        fmt::format("it is signed with {}, the service wants SHA-256 or stronger", algorithm),
        kOtherSignatureHint);
  }
}

void AddAnywhere(Reasons& reasons, const Certificate& certificate) {
  AddSignature(reasons, certificate);
  if (certificate.HasExplicitCurve()) {
    reasons.Add("its key has explicit EC parameters, the service takes named curves only",
                "make a new key on a named curve and have it certified: openssl genpkey "
                "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  }
  if (const std::string oid = certificate.UnknownCriticalExtension(); !oid.empty()) {
    reasons.Add(fmt::format("its critical extension {} is unknown to the service", oid),
                "have it issued without that extension, or with it not critical");
  }
}

void AddKey(Reasons& reasons, const Certificate& leaf) {
  if (auto known = CheckKeyIsKnown(leaf); !known) {
    reasons.list.push_back(std::move(known).error());
    return;
  }
  const std::string algorithm = leaf.KeyAlgorithm();
  if (algorithm == "RSA" || algorithm == "EC" || algorithm.starts_with(kMlDsa)) return;
  reasons.Add(fmt::format("IAM Roles Anywhere takes RSA, EC and ML-DSA keys, not {}", algorithm),
              {}, ErrorCode::kKeyUnusable);
}

void AddIssuer(std::vector<Error>& reasons, const Certificate& issuer) {
  for (Error& reason : IssuerRefusals(issuer)) {
    reasons.push_back(std::move(reason).In(fmt::format("its issuer {}", issuer.Subject())));
  }
}

}  // namespace

std::vector<Error> LeafRefusals(const Certificate& leaf, TimePoint now) {
  Reasons reasons;
  AddValidity(reasons, leaf, now);
  AddForm(reasons, leaf);
  AddAnywhere(reasons, leaf);
  AddKey(reasons, leaf);
  return std::move(reasons.list);
}

std::vector<Error> IssuerRefusals(const Certificate& issuer) {
  Reasons reasons;
  AddAnywhere(reasons, issuer);
  return std::move(reasons.list);
}

std::vector<Error> ChainRefusals(const CertificateChain& chain, TimePoint now) {
  std::vector<Error> reasons = LeafRefusals(chain.leaf, now);
  if (!chain.issuers.empty()) AddIssuer(reasons, chain.issuers.front());
  return reasons;
}

std::vector<Error> ChainDoubts(const CertificateChain& chain) {
  std::vector<Error> reasons;
  for (std::size_t i = 1; i < chain.issuers.size(); ++i) AddIssuer(reasons, chain.issuers[i]);
  return reasons;
}

Result<void> CheckStrength(const EVP_PKEY* key) {
  const ErrorMark mark;
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) < kLeastRsaBits) {
    return Fail(ErrorCode::kKeyUnusable,
                fmt::format("the key is too weak: RSA with {} bits, {} are the least",
                            EVP_PKEY_get_bits(key), kLeastRsaBits),
                Remedy::kAllowWeakKey);
  }
  if (EVP_PKEY_is_a(key, "EC") != 1) return {};
  std::array<char, 64> curve{};
  std::size_t size = 0;
  EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size);
  const int nid = NidOf(curve.data());
  if (nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1) return {};
  return Fail(
      ErrorCode::kKeyUnusable,
      fmt::format("the key is on {}, not on P-256, P-384 or P-521",
                  size == 0 ? "a curve without a name" : fmt::format("the curve {}", curve.data())),
      Remedy::kAllowWeakKey);
}

Result<void> CheckKeyIsKnown(const Certificate& certificate) {
  const ErrorMark mark;
  if (certificate.public_key() != nullptr) return {};
  const std::string algorithm = certificate.KeyAlgorithm();
  if (algorithm.starts_with(kMlDsa) && !KnowsMlDsa()) {
    return Fail(ErrorCode::kCertificate, NeedsLaterOpenssl("key", algorithm));
  }
  return Fail(
      ErrorCode::kCertificate,
      fmt::format("its key cannot be used by this OpenSSL, its algorithm is {}", algorithm));
}

}  // namespace credmint
