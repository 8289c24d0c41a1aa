// SPDX-License-Identifier: Apache-2.0
#include "enrolment/successor_check.h"

#include <fmt/format.h>

#include <string>

#include "base/timestamp.h"

namespace credmint {
namespace {

constexpr const char* kByHand =
    "if the CA means it, put the certificate in place with credmint import-certificate";

int KeyStrength(const Certificate& certificate) {
  const EVP_PKEY* const key = certificate.public_key();
  return key == nullptr ? 0 : EVP_PKEY_get_security_bits(key);
}

tl::unexpected<Error> IsWeaker(const char* part, const std::string& next,
                               const std::string& present) {
  return Fail(ErrorCode::kCertificate,
              fmt::format("the new certificate has a weaker {} than the present one: {} after {}",
                          part, next, present),
              kByHand);
}

std::string KeyName(const Certificate& certificate) {
  return fmt::format("{} with {} bits", certificate.KeyAlgorithm(),
                     EVP_PKEY_get_bits(certificate.public_key()));
}

}  // namespace

Result<void> CheckSuccessor(const Certificate& next, const Certificate& present) {
  if (next.NotAfter() <= present.NotAfter()) {
    return Fail(
        ErrorCode::kCertificate,
        fmt::format("the new certificate ends at {}, which is no later than the present one at {}",
                    FormatTimestamp(next.NotAfter()), FormatTimestamp(present.NotAfter())),
        "have the CA issue it for longer");
  }
  if (KeyStrength(next) < KeyStrength(present)) {
    return IsWeaker("key", KeyName(next), KeyName(present));
  }
  if (next.SignatureSecurityBits() < present.SignatureSecurityBits()) {
    return IsWeaker("signature", next.SignatureAlgorithm(), present.SignatureAlgorithm());
  }
  return {};
}

}  // namespace credmint
