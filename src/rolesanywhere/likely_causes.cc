// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/likely_causes.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "identity/refusals.h"

namespace credmint {
namespace {

/// A refusal and what was sent.
struct Refusal {
  const ServiceError& service;
  const SessionRequest& request;
  const CertificateChain& chain;

  [[nodiscard]] bool Says(std::string_view part) const {
    return service.message.find(part) != std::string::npos;
  }
};

std::string EndOfChain(const CertificateChain& chain) {
  const Certificate& last = chain.issuers.empty() ? chain.leaf : chain.issuers.back();
  return fmt::format("{} was sent with {} issuers, and the last one names {} as its CA",
                     chain.leaf.Subject(), chain.issuers.size(), last.Issuer());
}

/// The name of the request's member that a ValidationException complains of: "… at 'NAME' …".
std::string_view InvalidMember(std::string_view message) {
  constexpr std::string_view kBefore = " at '";
  const std::size_t begin = message.find(kBefore);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = message.substr(begin + kBefore.size());
  return rest.substr(0, rest.find('\''));
}

std::string OfInvalidMember(const Refusal& refusal) {
  const std::string_view member = InvalidMember(refusal.service.message);
  if (member == "durationSeconds") {
    return fmt::format("{} s were asked for: the profile may allow less",
                       refusal.request.duration().count());
  }
  if (member == "roleSessionName") return "choose another session name, or leave it to the service";
  if (member.ends_with("Arn")) return fmt::format("check the ARN that was sent as {}", member);
  return "a value that was sent is not accepted; the message names it";
}

std::string OfAssumedRole(const Refusal& refusal) {
  return fmt::format(
      "check the profile's list of roles, the role's longest session ({} s were asked for), and "
      "its "
      "trust policy for rolesanywhere.amazonaws.com and {}",
      refusal.request.duration().count(), refusal.chain.leaf.Subject());
}

std::string OfRevocation(const Refusal& refusal) {
  return fmt::format(
      "a revocation list of the trust anchor has the certificate (serial {}) or one of its "
      "issuers: "
      "have it issued again, or correct the list",
      refusal.chain.leaf.SerialHex());
}

constexpr const char* kDisabled =
    "enable it again, in the console or with aws rolesanywhere enable-trust-anchor, enable-profile "
    "or enable-crl";
constexpr const char* kInsufficient =
    "the certificate itself was checked before (version 3, CA:FALSE, digitalSignature, its "
    "signature): check its issuers for CA:TRUE, keyCertSign and the length of the path";
constexpr const char* kInvalidSignature =
    "the key belongs to the certificate, and its signature was verified before: something on the "
    "way changes the request, or the endpoint is another region's";
constexpr const char* kNotFound =
    "check the region and the ARNs of trust anchor and profile; both must be enabled";

std::string HintFor(const Refusal& refusal) {
  if (refusal.Says("Insufficient certificate")) return kInsufficient;
  if (refusal.Says("Invalid signature")) return kInvalidSignature;
  if (refusal.Says("Unable to assume role")) return OfAssumedRole(refusal);
  if (refusal.Says("revoked") || refusal.Says("Revoked")) return OfRevocation(refusal);
  if (refusal.Says("disabled") || refusal.Says("not enabled")) return kDisabled;
  if (refusal.service.code == "ValidationException") return OfInvalidMember(refusal);
  return refusal.service.status == 404 ? kNotFound : "";
}

}  // namespace

void SetLikelyCauses(const ServiceError& refusal, const SessionRequest& request,
                     const CertificateChain& chain, Error& error) {
  const Refusal refused{refusal, request, chain};
  if (refused.Says("Untrusted signing certificate")) {
    error.SetRemedy(Remedy::kCompleteChain);
    error.AddHint(EndOfChain(chain) + "; the trust anchor must be enabled");
  } else if (refused.Says("Not authorized to set roleSessionName")) {
    error.SetRemedy(Remedy::kLeaveOutSessionName);
  } else {
    error.SetHint(HintFor(refused));
  }
  for (const Error& doubt : ChainDoubts(chain)) error.AddHint(doubt.message);
}

}  // namespace credmint
